// Every word that the page says, in one place. What the server says in words is shown as it is.

const plural = (count: number, one: string, many: string) => `${count} ${count === 1 ? one : many}`;

export const strings = {
  product: 'Verbatim',
  slogan: 'Every word, on the record.',

  welcome: {
    label: 'Your name',
    placeholder: 'Ann',
    submit: 'Start chatting',
    hint: 'Others see it beside what you write. You can change it at any time.',
    problems: {
      empty: 'Type a name first.',
      long: 'That name is too long: at most 64 bytes, which is about 20 to 64 letters.',
      characters: 'That name has characters that cannot be seen. Leave them out.',
    },
  },

  sidebar: {
    label: 'Conversations',
    open: 'Show conversations',
    close: 'Hide conversations',
    joinLabel: 'Open or start a conversation',
    joinPlaceholder: 'Open or start one…',
    joinSubmit: 'Open',
    invalid: (id: string) =>
      `“${id}” cannot be a conversation's name. Use 1 to 64 small letters, digits, dots, dashes and underscores, and begin with a letter or a digit.`,
    online: (count: number) => `${count} here`,
    unread: (count: number) => plural(count, 'unread message', 'unread messages'),
    fresh: 'not read yet',
    more: 'There are more: open one by its name.',
    failed: 'The list of conversations could not be loaded.',
    changeName: 'Change name',
    youAre: 'You are',
  },

  conversation: {
    log: (id: string) => `Messages in ${id}`,
    people: 'Who is here',
    peopleCount: (count: number) => (count === 1 ? 'only you' : `${count} here`),
    others: (count: number) => `and ${plural(count, 'other', 'others')}`,
    crowd: (count: number) => `${count} people are here, too many to list.`,
    you: 'you',
    empty: 'Nothing here yet. Write the first message: it starts the record.',
    beginning: 'This is where the record begins.',
    loadingOlder: 'Loading older messages…',
    loading: 'Opening the conversation…',
    newHere: 'New',
    jump: 'Newest',
    jumpNew: (count: number) => plural(count, 'new message', 'new messages'),
    redacted: 'This message was removed.',
    partial: 'cut short',
    growing: 'writing…',
    reset: (id: string) => `The record of ${id} was started anew. What was shown before is not part of it.`,
  },

  message: {
    answer: 'Reply',
    answerHint: 'Reply to this message (R)',
    answering: (author: string) => `Answering ${author}:`,
    cancelAnswer: 'Do not answer it',
    quoted: (author: string | undefined, text: string | undefined) =>
      author === undefined ? 'Go to the message that this answers' : `Answers ${author}: ${text}. Go there`,
    elsewhere: (seq: number) => `Message ${seq}`,
    copy: 'Copy',
    copied: 'Copied',
    done: 'done',
    open: 'to do',
    showAll: (more: number) => `Show all (${plural(more, 'more character', 'more characters')})`,
    unreachable: 'That message could not be had. Try again when you are connected.',
    said: (author: string, text: string) => `${author}: ${text}`,
    many: (count: number, author: string) => `${count} new messages, the last from ${author}.`,
  },

  state: {
    sending: 'sending…',
    waiting: 'waiting…',
    recorded: 'on the record',
    failed: 'not sent',
    retry: 'Try again',
    discard: 'Discard',
    readBy: (named: string[], count: number) =>
      `read by ${named.join(', ')}${count > named.length ? ` and ${plural(count - named.length, 'other', 'others')}` : ''}`,
  },

  composer: {
    label: (id: string) => `Message to ${id}`,
    placeholder: (id: string) => `Write to ${id}…`,
    send: 'Send',
    hint: 'Enter sends, Shift+Enter starts a new line',
    tooLong: (over: number) => `Too long by ${plural(over, 'byte', 'bytes')}. Make it shorter or send it in parts.`,
  },

  typing: (users: string[]): string => {
    const [first, second] = users;
    if (first === undefined) return '';
    if (second === undefined) return `${first} is typing…`;
    if (users.length === 2) return `${first} and ${second} are typing…`;
    return 'Several people are typing…';
  },

  banner: {
    connecting: 'Connecting…',
    waiting: (seconds: number) => `Connection lost. Trying again in ${seconds} s. What you write is kept.`,
    retrying: 'Connection lost. Trying again now. What you write is kept.',
    now: 'Try now',
    back: 'Connected again. Nothing was missed.',
    refused: (reason: string) => `The server does not let you in: ${reason || 'it gave no reason'}.`,
    token: 'This server asks for a token. Open this page with #token=… at the end of its address.',
    again: 'Try again',
    rename: 'Choose another name',
  },

  notice: {
    dismiss: 'Dismiss',
    storage: (reason: string) => `This browser keeps nothing for this page (${reason}). What waits to be sent is lost if you close or reload it.`,
  },

  time: { today: 'Today', yesterday: 'Yesterday' },
};
