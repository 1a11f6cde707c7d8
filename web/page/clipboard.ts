// Puts a text on the clipboard, to the letter.

/** Resolves to whether it is there. Without https there is no clipboard to write to: then the browser copies, and is told what. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyAsTheBrowserDoes(text); // no secure context, or it is forbidden
  }
}

function copyAsTheBrowserDoes(text: string): boolean {
  let copied = false;
  const put = (event: ClipboardEvent) => {
    event.clipboardData?.setData('text/plain', text);
    event.preventDefault();
    event.stopImmediatePropagation();
    copied = event.clipboardData !== null;
  };
  addEventListener('copy', put, { capture: true });
  try {
    return document.execCommand('copy') && copied;
  } finally {
    removeEventListener('copy', put, { capture: true });
  }
}
