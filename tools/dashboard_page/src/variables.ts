// Variables of a dashboard: their values, asked from Prometheus as Grafana asks for them, and the texts that use them.

import { type Json, type Server } from './prometheus';

export interface Variable {
  name: string;
  label: string;
  values: string[];
  isMulti: boolean;
  // Stands for all values in an expression, as in `.+`.
  ofAll?: string;
  isHidden: boolean;
  // Of each value, where it is not the value itself.
  texts: Record<string, string>;
}

export type Values = Record<string, Variable | string>;

const ALL = '$__all';
const REFERENCE = /\$(\w+)|\$\{(\w+)(?::(\w+))?\}/g;
const QUOTED_IN_REGEX = /[\\^$*+?.()|[\]{}/]/g;

const FORMATS: Record<string, (values: string[], name: string) => string> = {
  json: (values) => JSON.stringify(values.length === 1 ? values[0] : values),
  regex: (values) => inRegex(values, (value) => value.replace(QUOTED_IN_REGEX, '\\$&')),
  percentencode: (values) => encodeURIComponent(values.join(',')),
  queryparam: (values, name) => values.map((value) => `var-${name}=${encodeURIComponent(value)}`).join('&'),
  raw: (values) => values.join(','),
};

export function interpolated(text: string, known: Values): string {
  return text.replace(REFERENCE, (whole, short, long, format) => {
    const found = known[short ?? long];
    if (found === undefined) {
      return whole;
    }
    if (typeof found === 'string') {
      return FORMATS[format]?.([found], short ?? long) ?? found;
    }
    const isAll = found.values.includes(ALL);
    if (format === 'queryparam') {
      return FORMATS.queryparam(found.values, found.name);
    }
    if (isAll && found.ofAll) {
      return found.ofAll;
    }
    return FORMATS[format]?.(found.values, found.name) ?? asInPromQL(found);
  });
}

// What Grafana's Prometheus data source does to values that no format is given for.
function asInPromQL({ values, isMulti }: Variable): string {
  const quoted = (value: string) => value.replace(/\\/g, '\\\\').replace(/"/g, '\\"');
  return isMulti
    ? inRegex(values, (value) => quoted(value.replace(QUOTED_IN_REGEX, '\\$&')))
    : values.map(quoted).join('|');
}

function inRegex(values: string[], quoted: (value: string) => string): string {
  return values.length === 1 ? quoted(values[0]) : `(${values.map(quoted).join('|')})`;
}

export async function asked(server: Server, defined: Json[], chosen: Record<string, string>, builtin: Values) {
  const known: Values = { ...builtin };
  for (const one of defined) {
    known[one.name] = {
      name: one.name,
      label: one.label || one.name,
      values: await valuesOf(server, one, chosen[one.name], known),
      isMulti: one.multi || one.includeAll,
      ofAll: one.allValue,
      isHidden: one.hide === 2,
      texts: Object.fromEntries((one.options ?? []).map(({ value, text }: Json) => [value, text])),
    };
  }
  return known;
}

async function valuesOf(server: Server, defined: Json, chosen: string | undefined, known: Values): Promise<string[]> {
  if (chosen !== undefined) {
    return [chosen];
  }
  const current: string[] = [defined.current?.value ?? []].flat();
  if (defined.type !== 'query') {
    return defined.type === 'datasource' ? ['Prometheus'] : current.length ? current : [defined.query ?? ''];
  }
  if (current.includes(ALL)) {
    return current;
  }
  const options = await optionsOf(server, defined, known);
  const kept = current.filter((value) => options.includes(value));
  return kept.length ? kept : options.length ? options.slice(0, 1) : defined.includeAll ? [ALL] : [''];
}

async function optionsOf(server: Server, defined: Json, known: Values): Promise<string[]> {
  const query = interpolated(defined.query.query, known);
  const labels = /^label_values\((.*), (\w+)\)$/s.exec(query);
  const result = /^query_result\((.*)\)$/s.exec(query);
  const found = labels ? await server.labelValues(labels[1], labels[2]) : await server.resultTexts(result![1]);
  const texts = defined.regex ? found.flatMap((text) => matched(text, defined.regex)) : found;
  const unique = [...new Set(texts)];
  return defined.sort === 1 ? unique.sort() : unique;
}

function matched(text: string, regex: string): string[] {
  const [, pattern, flags] = /^\/(.*)\/(\w*)$/s.exec(regex)!;
  const found = new RegExp(pattern, flags).exec(text);
  return found ? [found.groups?.value ?? found[1] ?? found[0]] : [];
}
