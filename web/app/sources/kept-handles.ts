/**
 * Handles of folders and archives that were opened, kept by the browser so that the page finds them after a reload. Only
 * the way to them is kept, nothing of what they hold, and the browser asks before it is gone again.
 */

type Handle = FileSystemDirectoryHandle | FileSystemFileHandle;

interface Asking {
  queryPermission?(options: { mode: "read" }): Promise<PermissionState>;
  requestPermission?(options: { mode: "read" }): Promise<PermissionState>;
}

/** Of more, the oldest are let go. */
const MOST = 12;
const STORE = "handles";

/** Where the browser keeps nothing, as in private windows of some, nothing is kept. */
export async function keepHandle(id: string, handle: Handle): Promise<void> {
  try {
    const database = await openDatabase();
    const store = database.transaction(STORE, "readwrite").objectStore(STORE);
    await done(store.put({ id, handle, kept: Date.now() }));
    const all = (await done(store.getAll())) as { id: string; kept: number }[];
    const old = all.sort((a, b) => b.kept - a.kept).slice(MOST);
    await Promise.all(old.map((one) => done(store.delete(one.id))));
    database.close();
  } catch {
    // Then it is asked for after a reload.
  }
}

export async function keptHandle(id: string): Promise<Handle | undefined> {
  try {
    const database = await openDatabase();
    const found = (await done(database.transaction(STORE).objectStore(STORE).get(id))) as unknown;
    database.close();
    return (found as { handle?: Handle } | undefined)?.handle;
  } catch {
    return undefined;
  }
}

/** Whether it may be read. `ask`: the browser asks the person, which it does only upon a click. */
export async function mayRead(handle: Handle, ask: boolean): Promise<boolean> {
  const asking = handle as Asking;
  try {
    const work = ask ? asking.requestPermission : asking.queryPermission;
    return (await work?.call(asking, { mode: "read" })) === "granted";
  } catch {
    return false;
  }
}

async function openDatabase(): Promise<IDBDatabase> {
  const request = indexedDB.open("walkit", 1);
  request.onupgradeneeded = () => void request.result.createObjectStore(STORE, { keyPath: "id" });
  return await done(request);
}

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
