/** Numbers and times for people. */

const COUNT = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

export function count(value: number): string {
  return COUNT.format(value);
}

/** 340 ms, 2.4 s, 3 min 20 s, 2 h 5 min. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`;
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 60) return `${minutes} min ${Math.floor((ms % 60_000) / 1000)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** The time of day, on this device’s clock; `at` is in milliseconds since 1970. */
export function clock(at: number, seconds = true): string {
  const style = { hour: "2-digit", minute: "2-digit", hour12: false } as const;
  return new Date(at).toLocaleTimeString("en-GB", seconds ? { ...style, second: "2-digit" } : style);
}

/** The first digits of a long name. */
export function short(name: string, digits = 12): string {
  return name.length > digits ? `${name.slice(0, digits)}…` : name;
}

/** Round steps for an axis that reaches `most`: 1, 2, 5 times a power of ten, or whole numbers. */
export function steps(most: number, whole: boolean): number[] {
  const raw = Math.max(most, whole ? 1 : 1e-9) / 4;
  const power = 10 ** Math.floor(Math.log10(raw));
  const size = [1, 2, 5, 10].find((factor) => factor * power >= raw) ?? 10;
  const step = whole ? Math.max(1, Math.round(size * power)) : size * power;
  const found = [0];
  while ((found.at(-1) ?? 0) < most) found.push(found.length * step);
  return found.length > 1 ? found : [0, step];
}
