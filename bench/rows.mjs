/** Rows such as an application writes: words, numbers, and a token that nothing compresses. They depend on the seed alone. */

const WORDS =
  "account address amount approved archive balance batch billing branch cancelled carrier catalogue charge checkout client confirmed country courier credit currency customer damaged declined delayed delivered delivery deposit discount dispatch duplicate estimate exchange expired express failed forwarded fragile handling held inbound insured invoice item ledger limited manual merchant missing notice office open order outbound overdue package paid parcel partial pending picked platform policy postage priority processed product quantity queue receipt received refund region rejected reminder replaced request reserved retail return review route sample scheduled sender settled shipment signature standard status stock storage submitted supplier surcharge terminal total tracking transfer transit unpaid update urgent verified voucher waiting warehouse window".split(
    " ",
  );
const STATUSES = ["new", "paid", "packed", "sent", "delivered", "returned", "refunded"];

let state = 0;

/** What comes next depends on `value` alone, not on this process's past. */
export function seed(value) {
  state = value;
}

/** mulberry32: a whole number below `limit`. */
export function random(limit) {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) % limit;
}

const word = () => WORDS[random(WORDS.length)];

function text(count) {
  let result = word();
  for (let i = 1; i < count; i++) result += ` ${word()}`;
  return result;
}

function bytes(count) {
  const result = new Uint8Array(count);
  for (let i = 0; i < count; i++) result[i] = random(256);
  return result;
}

export const status = () => STATUSES[random(7)];
export const total = () => random(1e7) / 100;

export const detail = () =>
  JSON.stringify({ sku: random(1 << 30).toString(36), quantity: 1 + random(9), note: text(6) });

/** The values of an order: its number, customer, email, status, time, total, address, detail and token. */
export function order(id) {
  const email = `${word()}.${word()}${random(100_000)}@${word()}.example`;
  const address = `${1 + random(400)} ${word()} street, ${10_000 + random(90_000)} ${word()}`;
  const particulars = detail();
  const created = 1_700_000_000 + id * 17 + random(17);
  return [id, random(200_000), email, status(), created, total(), address, particulars, bytes(80)];
}
