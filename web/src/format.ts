// Numbers, times and names for people. Pure. What is not known is "–", never 0.

export const UNKNOWN = '–';
const NARROW_SPACE = '\u202f'; // groups digits without looking like a decimal sign

// Exact, digits in groups of three.
export function grouped(value: bigint | number | string | null | undefined): string {
  if (value === null || value === undefined) return UNKNOWN;
  return String(value).replace(/\B(?=(\d{3})+(?!\d))/g, NARROW_SPACE);
}

const PREFIXES = ['', 'k', 'M', 'G', 'T', 'P', 'E'];

// Three significant digits with a decimal prefix: 1.23 M. Below 1: two decimals.
export function short(value: number | null, unit = ''): string {
  if (value === null || !Number.isFinite(value)) return UNKNOWN;
  let size = Math.abs(value);
  let step = 0;
  while (size >= 999.5 && step < PREFIXES.length - 1) {
    size /= 1000;
    step += 1;
  }
  const digits = step === 0 && Number.isInteger(size) ? 0 : size < 9.995 ? 2 : size < 99.95 ? 1 : 0;
  const sign = value < 0 && size >= 0.005 ? '−' : '';
  const suffix = `${PREFIXES[step] ?? ''}${unit}`;
  return `${sign}${size.toFixed(digits)}${suffix === '' ? '' : ' '}${suffix}`;
}

// For axes: no zeros that say nothing.
export function axisText(value: number, unit: string): string {
  return value === 0
    ? '0'
    : short(Math.abs(value), unit)
        .replace(/(\.\d*?)0+(?= |$)/, '$1')
        .replace(/\.(?= |$)/, '');
}

export function unitSign(unit: string | undefined): string {
  return unit === 'bytes' ? 'B' : '';
}

export function rateText(perSecond: number | null, unit: string | undefined): string {
  if (perSecond === null) return UNKNOWN;
  if (perSecond === 0) return '0';
  return `${short(perSecond, unitSign(unit))}/s`;
}

// The two largest units: "2 h 05 min", "42 s". Seconds ≥ 0.
export function duration(seconds: number | null): string {
  if (seconds === null || !Number.isFinite(seconds)) return UNKNOWN;
  const whole = Math.max(0, Math.floor(seconds));
  const two = (big: number, bigUnit: string, small: number, smallUnit: string): string =>
    `${big} ${bigUnit}${small > 0 ? ` ${small} ${smallUnit}` : ''}`;
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return two(Math.floor(whole / 60), 'min', whole % 60, 's');
  if (whole < 86_400)
    return two(Math.floor(whole / 3600), 'h', Math.floor((whole % 3600) / 60), 'min');
  return two(Math.floor(whole / 86_400), 'd', Math.floor((whole % 86_400) / 3600), 'h');
}

// As `ip xfrm state` writes it, and as `quickmode query` does.
export function spiText(spi: bigint): string {
  return `0x${spi.toString(16).padStart(8, '0')}`;
}

export function size(value: bigint | null): string {
  return value === null ? UNKNOWN : short(Number(value), 'B');
}

export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

// Of 24 hours. By hand: axes ask for it often, and Intl is slow to begin.
export function clock(unixSeconds: number, withSeconds = true): string {
  const time = new Date(unixSeconds * 1000);
  const parts = [time.getHours(), time.getMinutes(), time.getSeconds()];
  return parts
    .slice(0, withSeconds ? 3 : 2)
    .map((one) => String(one).padStart(2, '0'))
    .join(':');
}

// Of this browser's clock, which all times are told by.
export function zoneText(): string {
  const minutes = -new Date().getTimezoneOffset();
  const size = Math.abs(minutes);
  const two = (value: number): string => String(Math.floor(value)).padStart(2, '0');
  return `UTC${minutes < 0 ? '−' : '+'}${two(size / 60)}:${two(size % 60)}`;
}

// Day and time, as this browser's clock has it.
export function dateText(unixSeconds: number): string {
  const time = new Date(unixSeconds * 1000);
  const day = [time.getFullYear(), time.getMonth() + 1, time.getDate()];
  return `${day.map((one) => String(one).padStart(2, '0')).join('-')} ${clock(unixSeconds)}`;
}

// What distinguishes an adapter for people: its caption where it has one; else the last part of
// its device name, without WMI's _0.
export function adapterLabel(name: string, caption: string): string {
  if (caption !== '') return caption;
  const last = name.slice(name.lastIndexOf('\\') + 1);
  return last.replace(/_0$/, '') || name;
}

// CIM's datetime (DSP0004 5.2.4), or 100 ns since 1601: unix seconds; null for an interval or
// what is none.
export function unixTime(value: unknown): number | null {
  if (typeof value !== 'string') return null;
  if (/^\d{1,19}$/.test(value)) {
    const ticks = Number(value);
    return ticks > 0 ? ticks / 1e7 - 11_644_473_600 : null;
  }
  const found = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)\.(\d{6})([+-])(\d{3})$/.exec(value);
  if (found === null) return null;
  const part = (at: number): number => Number(found[at]);
  const utc = Date.UTC(part(1), part(2) - 1, part(3), part(4), part(5), part(6));
  const offset_s = part(9) * 60 * (found[8] === '-' ? -1 : 1);
  return utc / 1000 + part(7) / 1e6 - offset_s;
}
