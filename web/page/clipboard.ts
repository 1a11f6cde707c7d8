// Puts a text on the clipboard, to the letter.

/** Resolves to whether it is there. Without https there is no clipboard to write to: the browser copies a selection. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyAsTheBrowserDoes(text); // no secure context, or it is forbidden
  }
}

/** Some browsers copy nothing where nothing is selected: so the text is, for a moment, in a field that nobody sees. */
function copyAsTheBrowserDoes(text: string): boolean {
  const field = Object.assign(document.createElement('textarea'), { value: text, className: 'visually-hidden' });
  const focused = document.activeElement;
  const put = (event: ClipboardEvent) => {
    event.clipboardData?.setData('text/plain', text); // a field has line ends of its own
    event.preventDefault();
    event.stopImmediatePropagation();
  };
  document.body.append(field);
  addEventListener('copy', put, { capture: true });
  try {
    field.focus({ preventScroll: true });
    field.select();
    return document.execCommand('copy');
  } finally {
    removeEventListener('copy', put, { capture: true });
    field.remove();
    if (focused instanceof HTMLElement) focused.focus({ preventScroll: true });
  }
}
