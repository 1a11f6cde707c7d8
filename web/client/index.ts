// @verbatim/client: a chat client for a page or a program. It uses no framework and no DOM.

export { Chat, type ChatEvents, type ChatOptions, type CloseOptions, type SendOptions } from './chat.ts';
export { Connection } from './connection.ts';
export { Conversation, type ConversationEvents, type ConversationMode } from './conversation.ts';
export { Emitter } from './events.ts';
export type { GrowingMessage } from './growing.ts';
export { IndexedDbStore, type IndexedDbStoreOptions } from './indexed-db-store.ts';
export type { StorageState } from './keeper.ts';
export { defaultLimits, type Refusal } from './limits.ts';
export type { KeyValue } from './local-storage.ts';
export type { OutboxItem } from './outbox-item.ts';
export { MemoryStore, type OutboxStore } from './outbox-store.ts';
export type { ConnectionOptions, ConnectionState, OnReply, Socket, Waiting } from './page-connection.ts';
export { People } from './people.ts';
export type { JoinOptions, Position } from './position.ts';
export * from './protocol.ts';
export { RequestError } from './request-error.ts';
export { Timeline } from './timeline.ts';
export { canBeSeen, nameProblem, normalName } from './words.ts';
