// What the dialogs say. They are loaded when the first of them is asked for, and so are their words.
export const strings = {
  close: 'Close',

  export: {
    title: (id: string) => `Save the transcript of ${id}`,
    formats: {
      md: { name: 'Markdown', use: 'To read, and for documents' },
      txt: { name: 'Plain text', use: 'To read anywhere' },
      json: { name: 'JSON', use: 'One object, for programs' },
      jsonl: { name: 'JSON Lines', use: 'The record’s own lines, with their chain of sums' },
    },
  },

  help: {
    title: 'Keyboard',
    actions: {
      search: 'Find or start a conversation',
      previous: 'Previous conversation',
      next: 'Next conversation',
      previousUnread: 'Previous unread conversation',
      nextUnread: 'Next unread conversation',
      back: 'Back to writing, or close',
      people: 'Show or hide who is here',
      settings: 'Settings',
      help: 'This help',
    },
    more: [
      { keys: ['Enter'], does: 'Send, or start a new line: as the settings say' },
      { keys: ['Ctrl+Enter'], does: 'Send' },
      { keys: ['Shift+Enter'], does: 'Start a new line' },
      { keys: ['ArrowUp', 'ArrowDown'], does: 'Move in the list and in the log' },
      { keys: ['Home', 'End'], does: 'In the log: the first message, the newest' },
      { keys: ['R'], does: 'In the log: reply to the message' },
      { keys: ['C'], does: 'In the log: copy the text of the message' },
    ],
    keys: { ArrowUp: '↑', ArrowDown: '↓', Escape: 'Esc' } as Record<string, string>,
  },

  settings: {
    title: 'Settings',
    theme: 'Colours',
    themes: { system: 'System', light: 'Light', dark: 'Dark' },
    density: 'Messages',
    densities: { comfortable: 'Comfortable', compact: 'Compact' },
    enter: 'The Enter key',
    enterKeys: { send: 'Sends', line: 'Starts a new line' },
    notifications: 'Desktop notifications',
    notificationsHint: {
      on: 'The browser shows who wrote, and what, while you are elsewhere.',
      off: 'The browser asks you once whether it may.',
      asked: 'The browser asks whether it may: answer there.',
      refused: 'The browser refuses it for this page. Allow it in the browser’s own settings first.',
      absent: 'This browser cannot do that here.',
    },
    help: 'Keyboard help',
  },
};
