// @verbatim/client: what a page or a program needs to talk to a Verbatim server.
// It knows no framework and no DOM; who uses it brings the socket, the storage and the screen.
export * from './protocol.ts';
export { Connection, type ConnectionOptions, type ConnectionState, type Socket } from './connection.ts';
export { Outbox, type OutboxItem } from './outbox.ts';
export { KeyValueStore, type KeyValue, type OutboxStore } from './outbox-store.ts';
export { Timeline } from './timeline.ts';
export { People } from './people.ts';
export { Conversation, type ConversationMode } from './conversation.ts';
export { Chat, type ChatOptions } from './chat.ts';
