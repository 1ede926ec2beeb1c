/**
 * Handles of opened folders and archives. The browser keeps them, so that the page finds these again after a reload. A handle
 * holds no contents, and the browser asks the person before the page may use it again.
 */

type Handle = FileSystemDirectoryHandle | FileSystemFileHandle;

interface Asking {
  queryPermission?(options: { mode: "read" }): Promise<PermissionState>;
  requestPermission?(options: { mode: "read" }): Promise<PermissionState>;
}

/** Most handles that are kept; the oldest are dropped. */
const MOST = 12;
const STORE = "handles";

/** Keeps a handle. Some browsers store nothing in private windows: then it is not kept, and that is no error. */
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
    // Not kept: after a reload the page asks for the replica again.
  }
}

/** The handle that was kept under this id; undefined if there is none. */
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

/** Whether the handle may be read. `ask`: the browser may ask the person; it does so only within a click. */
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
