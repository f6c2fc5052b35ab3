// One IndexedDB database, opened when it is first needed and again after it was closed under our hands.

/** Runs `work` on an open database. */
export type Database = <T>(work: (database: IDBDatabase) => Promise<T>) => Promise<T>;

/** A database of stores of values under keys that are given apart from them. */
export function database(name: string, ...stores: string[]): Database {
  let opening: Promise<IDBDatabase> | undefined;

  function open(): Promise<IDBDatabase> {
    return (opening ??= new Promise<IDBDatabase>((resolve, reject) => {
      const request = indexedDB.open(name, 1);
      request.onupgradeneeded = () => stores.forEach((store) => request.result.createObjectStore(store));
      request.onerror = () => reject(request.error);
      request.onblocked = () => reject(new Error("another tab holds an older version of it open"));
      request.onsuccess = () => {
        const database = request.result;
        // Who wants to delete or upgrade it is not held up; the next use opens it again.
        database.onversionchange = () => (database.close(), (opening = undefined));
        database.onclose = () => (opening = undefined);
        resolve(database);
      };
    }).catch((thrown: unknown) => {
      opening = undefined;
      throw thrown;
    }));
  }

  return async (work) => {
    try {
      return await work(await open());
    } catch {
      // Closed, deleted or upgraded under our hands: once more, from the beginning.
      opening = undefined;
      return await work(await open());
    }
  };
}

/** What a request gives. */
export function result<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** The end of a transaction: not before, another tab might see what is then taken back. */
export function committed(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error ?? new Error("the transaction was aborted"));
  });
}
