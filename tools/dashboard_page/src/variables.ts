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

interface Option {
  value: string;
  text: string;
}

export async function asked(server: Server, defined: Json[], chosen: Record<string, string>, builtin: Values) {
  const known: Values = { ...builtin };
  for (const one of defined) {
    const options = one.type === 'query' ? await optionsOf(server, one, known) : [];
    known[one.name] = {
      name: one.name,
      label: one.label || one.name,
      values: valuesOf(one, chosen[one.name], options),
      isMulti: one.multi || one.includeAll,
      ofAll: one.allValue,
      isHidden: one.hide === 2,
      texts: Object.fromEntries(options.map(({ value, text }) => [value, text])),
    };
  }
  return known;
}

function valuesOf(defined: Json, chosen: string | undefined, options: Option[]): string[] {
  if (chosen !== undefined) {
    return [chosen];
  }
  const current: string[] = [defined.current?.value ?? []].flat();
  if (defined.type !== 'query') {
    return defined.type === 'datasource' ? ['Prometheus'] : current;
  }
  const values = options.map(({ value }) => value);
  const kept = current.filter((value) => value === ALL || values.includes(value));
  return kept.length ? kept : values.length ? values.slice(0, 1) : defined.includeAll ? [ALL] : [''];
}

async function optionsOf(server: Server, defined: Json, known: Values): Promise<Option[]> {
  const query = interpolated(defined.query.query, known);
  const labels = /^label_values\((.*), (\w+)\)$/s.exec(query);
  const result = /^query_result\((.*)\)$/s.exec(query);
  const found = labels ? await server.labelValues(labels[1], labels[2]) : await server.resultTexts(result![1]);
  const options = found.flatMap((text) => (defined.regex ? matched(text, defined.regex) : [{ value: text, text }]));
  return defined.sort === 1 ? options.sort((one, other) => (one.text < other.text ? -1 : 1)) : options;
}

function matched(text: string, regex: string): Option[] {
  const [, pattern, flags] = /^\/(.*)\/(\w*)$/s.exec(regex)!;
  const found = new RegExp(pattern, flags).exec(text);
  const value = found && (found.groups?.value ?? found[1] ?? found[0]);
  return value ? [{ value, text: found.groups?.text ?? value }] : [];
}
