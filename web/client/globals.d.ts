// The few things that this package asks of its host. Browsers and Node both have them, and no DOM is needed.
declare function setTimeout(run: () => void, milliseconds?: number): number;
declare function clearTimeout(timer: number | undefined): void;
declare function queueMicrotask(run: () => void): void;
declare const crypto: { getRandomValues(bytes: Uint8Array): Uint8Array } | undefined;
declare class WebSocket {
  constructor(url: string, protocols?: string[]);
  send(text: string): void;
  close(code?: number, reason?: string): void;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number; reason: string }) => void) | null;
  onerror: ((event: unknown) => void) | null;
}
declare class URL {
  constructor(url: string, base?: string);
  protocol: string;
  readonly searchParams: { set(name: string, value: string): void };
  readonly href: string;
}
declare class AbortController {
  readonly signal: AbortSignal;
  abort(): void;
}
interface AbortSignal {
  readonly aborted: boolean;
}
// Browsers alone have these.
declare var navigator: object | undefined;
declare var document: { readonly baseURI: string } | undefined;
declare var location: { readonly href: string } | undefined;
declare var localStorage: object | undefined;
declare var addEventListener: ((type: string, listener: () => void) => void) | undefined;
declare var removeEventListener: ((type: string, listener: () => void) => void) | undefined;
declare var indexedDB: { open(name: string, version: number): IDBOpenDBRequest } | undefined;
declare class IDBKeyRange {
  static bound(lower: unknown, upper: unknown): IDBKeyRange;
}
interface IDBRequest<T = unknown> {
  readonly result: T;
  readonly error: object | null;
  onsuccess: (() => void) | null;
  onerror: (() => void) | null;
}
interface IDBOpenDBRequest extends IDBRequest<IDBDatabase> {
  onupgradeneeded: (() => void) | null;
}
interface IDBDatabase {
  createObjectStore(name: string, options: { keyPath: string[] }): void;
  transaction(store: string, mode?: 'readwrite', options?: { durability: 'default' | 'strict' }): IDBTransaction;
  close(): void;
  onversionchange: (() => void) | null;
  onclose: (() => void) | null;
}
interface IDBTransaction {
  readonly error: object | null;
  objectStore(name: string): IDBObjectStore;
  commit(): void;
  oncomplete: (() => void) | null;
  onabort: (() => void) | null;
}
interface IDBObjectStore {
  getAll(keys: IDBKeyRange): IDBRequest;
  put(value: unknown): IDBRequest;
  delete(key: unknown): IDBRequest;
}
