// The whole transcript as a file, in each of the forms that the server writes.
import { h } from 'preact';
import { Dialog } from '../dialog/dialog.tsx';
import { strings } from '../dialog/strings.ts';
import { here } from '../state.ts';
import { formats, transcriptOf } from './formats.ts';
import './export.css';

export function Export() {
  const id = here.value;
  return (
    <Dialog title={strings.export.title(id)}>
      <ul class="formats">
        {formats.map((format) => (
          <li key={format}>
            <a class="format" href={transcriptOf(id, format)} download={`${id}.${format}`}>
              <b>{strings.export.formats[format].name}</b>
              <span class="hint">{strings.export.formats[format].use}</span>
            </a>
          </li>
        ))}
      </ul>
    </Dialog>
  );
}
