/** Timestamps of the API: RFC 3339, in whole seconds or (for leases and events) microseconds, always written in UTC. */

const pattern = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9})\d{0,20})?(Z|[+-]\d\d:\d\d)$/;

/** The canonical text, or undefined when it is not a timestamp. Fractions are cut, not rounded. */
export function canonicalTime(text: string, micro: boolean): string | undefined {
  const [, year, month, day, hour, minute, second, fraction = '', zone] = pattern.exec(text) ?? [];
  if (!year || !zone) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  date.setUTCHours(Number(hour), Number(minute), Number(second));
  const shown = date.toISOString().slice(0, 19);
  // Months, days and hours out of range roll over, which shows here.
  if (shown !== `${year}-${month}-${day}T${hour}:${minute}:${second}`) return undefined;
  const offset = offsetMinutes(zone);
  if (offset === undefined) return undefined;
  const utc = new Date(date.getTime() - offset * 60_000).toISOString().slice(0, 19);
  if (!/^\d{4}-/.test(utc)) return undefined;
  return micro ? `${utc}.${fraction.slice(0, 6).padEnd(6, '0')}Z` : `${utc}Z`;
}

function offsetMinutes(zone: string): number | undefined {
  if (zone === 'Z') return 0;
  const [hours, minutes] = [Number(zone.slice(1, 3)), Number(zone.slice(4))];
  if (hours > 23 || minutes > 59) return undefined;
  return (hours * 60 + minutes) * (zone.startsWith('-') ? -1 : 1);
}
