// The dialog that says which keys do what.
import { h } from 'preact';
import { Dialog } from '../dialog/dialog.tsx';
import { strings } from '../dialog/strings.ts';
import { shortcuts } from './keys.ts';
import './help.css';

export function Help() {
  return (
    <Dialog title={strings.help.title}>
      <dl class="shortcuts">
        {shortcuts.map(({ action, keys }) => (
          <div key={action}>
            <dt>{strings.help.actions[action]}</dt>
            <dd>
              {keys.map((key) => (
                <Keys key={key} keys={key} />
              ))}
            </dd>
          </div>
        ))}
        {strings.help.more.map(({ keys, does }) => (
          <div key={does}>
            <dt>{does}</dt>
            <dd>
              {keys.map((key) => (
                <Keys key={key} keys={key} />
              ))}
            </dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}

function Keys({ keys }: { keys: string }) {
  return (
    <span class="keys">
      {keys.split('+').map((key) => (
        <kbd key={key}>{strings.help.keys[key] ?? key}</kbd>
      ))}
    </span>
  );
}
