// Every word that the page says, but for those of the dialogs (dialog/strings.ts). What the server says in words is
// shown as it is. The minifier puts the words of `strings` where they are said, and leaves their names out: as long as
// each is asked for by its name, and by no file that is loaded later. So the words that are looked up stand in tables
// of their own.

/** A name within a sentence: whichever way it is written, it turns nothing around it. */
const isolated = (name: string) => `\u2068${name}\u2069`;

const plural = (count: number, one: string, many: string) => `${count} ${count === 1 ? one : many}`;

/** Why a name cannot be taken. */
export const nameProblems = {
  empty: 'Type a name first.',
  long: 'That name is too long: at most 64 bytes, about 20 to 64 letters.',
  characters: 'That name has characters that cannot be seen. Leave them out.',
  mark: 'That name begins with an accent that is over no letter. Put a letter before it, or leave it out.',
};

/** What the search says between what it has found. */
export const searchWords = {
  others: 'Others on this server',
  nothing: 'No conversation with that name.',
  failed: 'The list of the server could not be loaded. It is tried again.',
};

/** What stands above the first message, or in its place. */
export const beginnings = {
  beginning: 'This is where the record begins.',
  loadingOlder: 'Loading older messages…',
  loading: 'Opening the conversation…',
  notLoaded: 'This conversation has not been opened here yet, and there is no connection. It opens when you are back.',
  refused: 'This conversation has not been opened here yet.',
};

/** What stands in the way of a connection. */
export const obstacles = {
  upgrade: () =>
    'The chat cannot connect: something between you and the server does not let WebSockets through. If you run this server, set your proxy up as its guide says under “Behind a proxy”.',
  refused: ({ reason }: { reason: string }) => `The server does not let this page in: ${reason}.`,
  busy: ({ reason }: { reason: string }) => `The server takes nobody just now: ${reason}.`,
  gateway: ({ status }: { status: number }) =>
    `The server cannot be reached: what stands in front of it answers ${status}.`,
  redirect: () =>
    'The chat cannot connect: what stands in front of the server sends it elsewhere, to sign in perhaps. Reload the page.',
  other: ({ status }: { status: number }) =>
    `The chat cannot connect: something else answers ${status} in the server’s place. If you run this server, set your proxy up as its guide says under “Behind a proxy”.`,
};

export const enterHints = {
  send: 'Enter sends, Shift+Enter starts a new line',
  line: 'Enter starts a new line, Ctrl+Enter sends',
};

export const strings = {
  product: 'Verbatim',
  slogan: 'Every word, on the record.',
  title: (unread: number, conversation: string) =>
    `${unread > 0 ? `(${unread}) ` : ''}${conversation ? `${conversation} · ` : ''}Verbatim`,

  welcome: {
    label: 'Your name',
    placeholder: 'Ann',
    submit: 'Start chatting',
    same: (name: string) => `I am still ${isolated(name)}. Keep my list, my drafts and my messages.`,
    hint: 'Others see it beside what you write. You can change it at any time.',
  },

  sidebar: {
    label: 'Conversations',
    list: 'Conversations, with the newest first',
    back: 'Show conversations',
    search: 'Find or start a conversation',
    searchPlaceholder: 'Find or start…',
    invalid: (id: string) =>
      `“${isolated(id)}” cannot be a conversation's name. Use 1 to 64 small letters, digits, dots, dashes and underscores, and begin with a letter or a digit.`,
    start: (id: string) => `Start “${id}”`,
    online: (count: number) => `${count} here`,
    unread: (count: number) => plural(count, 'unread message', 'unread messages'),
    fresh: 'not read yet',
    draft: 'Draft:',
    me: 'You',
    muted: 'muted',
    nothingYet: 'Nothing here yet',
    changeName: 'Choose another name',
    youAre: 'You are',
    settings: 'Settings',
  },

  nothing: {
    title: 'No conversation is open',
    hint: 'Choose one from the list, or type a name above it to start one.',
    invalidTitle: 'This link leads nowhere',
  },

  menu: {
    open: (id: string) => `More about ${id}`,
    copyLink: 'Copy link',
    copied: (link: string) => `Copied: ${link}`,
    notCopied: (link: string) => `The browser does not let this page copy. The link is ${link}`,
    export: 'Save the transcript…',
    mute: 'Mute',
    unmute: 'Unmute',
    leave: 'Leave',
  },

  dialog: {
    notLoaded: 'This part of the page could not be loaded. Try again when you are online, or reload the page.',
  },

  conversation: {
    log: (id: string) => `Messages in ${id}`,
    people: 'Who is here',
    hidePeople: 'Hide who is here',
    peopleCount: (count: number) => (count === 1 ? 'only you' : `${count} here`),
    others: (count: number) => `and ${plural(count, 'other', 'others')}`,
    crowd: (count: number) => `${count} people are here, too many to list.`,
    you: 'you',
    empty: 'No messages yet. The first one starts the record.',
    invite: 'Copy a link to invite others',
    markdown: 'Markdown works here: **bold**, *italic*, `code`, > a quote, - a list, ``` for a block of code.',
    newHere: 'New',
    jump: 'Newest',
    jumpNew: (count: number) => plural(count, 'new message', 'new messages'),
    redacted: 'This message was removed.',
    partial: 'cut short',
    growing: 'writing…',
    leftIt: (id: string) => `You left ${id}. Type its name above the list to come back.`,
    reset: (id: string) => `The record of ${id} was started anew. What was shown before is not part of it.`,
  },

  message: {
    answer: 'Reply',
    answerHint: 'Reply to this message (R)',
    replying: (author: string) => `Replying to ${author}:`,
    cancelReply: 'Cancel the reply',
    quoted: (author: string | undefined, text: string | undefined) =>
      author === undefined ? 'Go to the message that this replies to' : `In reply to ${author}: ${text}. Go there`,
    elsewhere: (seq: number) => `Message ${seq}`,
    copy: 'Copy',
    copied: 'Copied',
    copyText: 'Copy text',
    copyHint: 'Copy the text as it was typed (C)',
    textCopied: 'Copied the text of the message.',
    textNotCopied: 'The browser does not let this page copy. Select the text, and copy it with the browser’s own menu.',
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
    unseen: 'There is nothing to see in this message yet. Type something.',
    tooLong: (over: number) => `Too long by ${plural(over, 'byte', 'bytes')}. Make it shorter or send it in parts.`,
  },

  typing: (users: string[]): string => {
    const [first, second] = users;
    if (first === undefined) return '';
    if (second === undefined) return `${isolated(first)} is typing…`;
    if (users.length === 2) return `${isolated(first)} and ${isolated(second)} are typing…`;
    return 'Several people are typing…';
  },

  banner: {
    connecting: 'Connecting…',
    kept: 'What you write is kept, and sent later.',
    unkept: 'Keep this page open: what you write is lost if you close it.',
    offline: 'You are offline.',
    lost: 'Connection lost.',
    now: 'Try now',
    unreached: 'The server cannot be reached.',
    full: 'The server takes nobody more just now.',
    next: (seconds: number) => (seconds > 0 ? `Trying again in ${seconds} s.` : 'Trying again now.'),
    back: 'Connected again. Nothing was missed.',
    refused: (reason: string) => `The server does not let you in: ${reason || 'it gave no reason'}.`,
    token: 'This server asks for a token. Open this page with #token=… at the end of its address.',
    again: 'Try again',
    rename: 'Choose another name',
    unrecorded: 'The record cannot be written just now.',
    unopened: 'The record cannot be read just now. It is tried again.',
  },

  notice: {
    dismiss: 'Dismiss',
    storage: (reason: string) =>
      `This browser keeps nothing for this page (${reason}). What waits to be sent is lost if you close or reload it.`,
  },

  time: { today: 'Today', yesterday: 'Yesterday' },
};
