// The link to a conversation, for others.
import { pathOf } from '../address.ts';
import { copyText } from '../clipboard.ts';
import { root } from '../root.ts';
import { notify } from '../status/notice.ts';
import { strings } from '../strings.ts';

/** Copies it and says so; where the browser does not let it, the link is shown. */
export async function copyLink(id: string): Promise<void> {
  const link = root.origin + pathOf(id);
  notify((await copyText(link)) ? strings.menu.copied(link) : strings.menu.notCopied(link));
}
