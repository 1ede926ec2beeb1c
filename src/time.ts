/** Times: nanoseconds since 1970 as `bigint`, RFC 3339 as text. */

const RFC3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?([Zz]|([+-])(\d\d):(\d\d))$/;

/**
 * Nanoseconds since 1970 of an RFC 3339 time with a zone and up to nine decimal places.
 *
 * @throws RangeError where `text` is none
 */
export function parseTime(text: string): bigint {
  const match = RFC3339.exec(text);
  if (!match) throw noTime(text);
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const zoneHour = Number(match[10] ?? 0);
  const zoneMinute = Number(match[11] ?? 0);
  if (hour > 23 || minute > 59 || second > 59 || zoneHour > 23 || zoneMinute > 59) throw noTime(text);
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) throw noTime(text);
  date.setUTCHours(hour, minute, second);
  const zone = (match[9] === "-" ? -1 : 1) * (zoneHour * 60 + zoneMinute) * 60;
  const seconds = BigInt(date.getTime() / 1000 - zone);
  return seconds * 1_000_000_000n + BigInt((match[7] ?? "").padEnd(9, "0"));
}

/** This machine's clock, in nanoseconds since 1970; it goes in milliseconds. */
export function now(): bigint {
  return BigInt(Date.now()) * 1_000_000n;
}

function noTime(text: string): RangeError {
  return new RangeError(`Expected an RFC 3339 time with a zone, such as 2026-11-20T12:15:47Z, found ${text}`);
}

/** RFC 3339 in UTC, with as many decimal places as the time has, none for a whole second. */
export function formatTime(time: bigint): string {
  const nanos = ((time % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
  const date = new Date(Number((time - nanos) / 1_000_000n));
  // Storage may claim any time; RFC 3339 has four digits for the year.
  if (!(date.getUTCFullYear() >= 0 && date.getUTCFullYear() <= 9999)) return `${time} ns since 1970`;
  const fraction = nanos === 0n ? "" : `.${nanos.toString().padStart(9, "0").replace(/0+$/, "")}`;
  return `${date.toISOString().slice(0, 19)}${fraction}Z`;
}
