/**
 * Values of others inside of sentences, as Python writes them: results of both languages are compared word by word, and a
 * sentence that was seen in one is found by searching for it in the other.
 */

import { Float, type Json } from "./json_text.js";

/** A value in a sentence, as Python's `str` writes it: results of both languages are compared word by word. */
export function said(value: Json | undefined): string {
  return typeof value === "string" ? value : represented(value);
}

function represented(value: Json | undefined): string {
  if (value === null || value === undefined) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (value instanceof Float) return floatText(value.value);
  if (typeof value === "string") return quoted(value);
  if (Array.isArray(value)) return `[${value.map(represented).join(", ")}]`;
  if (value instanceof Map) {
    return `{${[...value].map(([name, item]) => `${quoted(name)}: ${represented(item)}`).join(", ")}}`;
  }
  return String(value);
}

/** The shortest digits that read back as the number, and an exponent outside of 1e-4 to 1e16. */
function floatText(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
  const [digits = "", exponent = "0"] = value.toExponential().split("e");
  const power = Number(exponent);
  if (value !== 0 && (power < -4 || power >= 16)) {
    return `${digits}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
  }
  const text = Object.is(value, -0) ? "-0" : String(value);
  return text.includes(".") ? text : `${text}.0`;
}

const ESCAPES: ReadonlyMap<string, string> = new Map([["\\", "\\\\"], ["\n", "\\n"], ["\r", "\\r"], ["\t", "\\t"]]);

function quoted(text: string): string {
  const mark = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escape = (character: string): string => {
    return ESCAPES.get(character) ?? (character === mark ? `\\${mark}` : unprintable(character));
  };
  const special = mark === "'" ? /[\\']|(?! )[\p{C}\p{Z}]/gu : /[\\]|(?! )[\p{C}\p{Z}]/gu;
  return `${mark}${text.replace(special, escape)}${mark}`;
}

/** What moves a cursor or breaks a line, as an escape. */
function unprintable(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const [letter, width] = code < 0x100 ? ["x", 2] : code < 0x10000 ? ["u", 4] : ["U", 8];
  return `\\${letter}${code.toString(16).padStart(width, "0")}`;
}
