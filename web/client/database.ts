// IndexedDB's events as promises: the few that the outbox needs.

/** What a request comes to; rejects with its error. Is called in the task that made the request. */
export function resultOf<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error!);
  });
}

/**
 * Resolves when all of a transaction is kept; rejects where none of it is, with the reason. Is called in the task that
 * made the transaction.
 */
export function committed(change: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    change.oncomplete = () => resolve();
    change.onabort = () => reject(change.error ?? new Error('the browser gave up a change of its storage'));
  });
}

/**
 * Opens a database of one store, and makes it where it is not there. It is closed where a newer version of the page
 * wants to change it; `gone` is called then, and where the browser closes it.
 */
export async function openDatabase(
  name: string,
  store: string,
  keyPath: string[],
  gone: () => void,
): Promise<IDBDatabase> {
  const request = indexedDB!.open(name, 1);
  request.onupgradeneeded = () => void request.result.createObjectStore(store, { keyPath });
  const database = await resultOf(request);
  database.onversionchange = () => {
    gone();
    database.close();
  };
  database.onclose = gone;
  return database;
}
