// Queries of panels, sent to a Prometheus, and their answers as data frames, as Grafana's Prometheus data source makes
// them.

import {
  type DataFrame,
  DataFrameType,
  dateTime,
  type Field,
  FieldType,
  type Labels,
  rangeUtil,
  type TimeRange,
} from '@grafana/data';

import { interpolated, type Values } from './variables';

// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Json = Record<string, any>;

interface Series {
  metric: Labels;
  values: Array<[number, string]>;
}

const SCRAPE_INTERVAL = '15s';
const MOST_POINTS = 11_000;

export class Server {
  constructor(
    private readonly address: string,
    readonly range: TimeRange,
  ) {}

  async series(query: Json, step: number): Promise<Series[]> {
    if (query.instant) {
      const found = await this.ask('query', { query: query.expr, time: String(this.range.to.valueOf() / 1000) });
      return found.result.map((one: Json) => ({ metric: one.metric, values: [one.value] }));
    }
    const [start, end] = [this.range.from, this.range.to].map((at) => Math.floor(at.valueOf() / step) * (step / 1000));
    const found = await this.ask('query_range', {
      query: query.expr,
      start: String(start),
      end: String(end),
      step: String(step / 1000),
    });
    return found.result;
  }

  labelValues(selector: string, label: string): Promise<string[]> {
    const [start, end] = [this.range.from, this.range.to].map((at) => String(at.valueOf() / 1000));
    return this.ask(`label/${label}/values`, { 'match[]': selector, start, end });
  }

  // As a variable with `query_result` reads them.
  async resultTexts(query: string): Promise<string[]> {
    const found = await this.ask('query', { query, time: String(this.range.to.valueOf() / 1000) });
    return found.result.map(({ metric, value }: Json) => `${textOf(metric)} ${value[1]} ${value[0] * 1000}`);
  }

  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  private async ask(path: string, parameters: Record<string, string>): Promise<any> {
    const answer = await fetch(`${this.address}/api/v1/${path}?${new URLSearchParams(parameters)}`);
    const { data, error } = await answer.json();
    if (error) {
      throw new Error(`${error} in ${parameters.query}`);
    }
    return data;
  }
}

export async function framesOf(server: Server, panel: Json, width: number, known: Values): Promise<DataFrame[]> {
  const targets: Json[] = panel.targets ?? [];
  const answers = targets.map(async (target) => {
    const least = target.interval || panel.interval || SCRAPE_INTERVAL;
    const step = stepOf(server.range, panel.maxDataPoints ?? Math.max(1, Math.floor(width)), least);
    const expr = interpolated(target.expr, { ...known, ...stepVariables(step) });
    const series = await server.series({ ...target, expr }, step);
    return target.format === 'table'
      ? asTable(series, target.refId, targets.length)
      : target.format === 'heatmap'
        ? asHeatmap(series, target.refId, step)
        : series.map((one) => asTimeSeries(one, target, step, series.length));
  });
  return (await Promise.all(answers)).flat();
}

function stepOf(range: TimeRange, points: number, least: string): number {
  const { intervalMs } = rangeUtil.calculateInterval(range, points, least);
  const span = range.to.valueOf() - range.from.valueOf();
  return span / intervalMs > MOST_POINTS ? Math.ceil(span / MOST_POINTS / 1000) * 1000 : intervalMs;
}

function stepVariables(step: number): Values {
  const scraped = rangeUtil.intervalToMs(SCRAPE_INTERVAL);
  return {
    __interval: rangeUtil.secondsToHms(step / 1000),
    __interval_ms: String(step),
    __rate_interval: rangeUtil.secondsToHms(Math.max(step + scraped, 4 * scraped) / 1000),
  };
}

export function timeVariables(range: TimeRange): Values {
  const span = range.to.valueOf() - range.from.valueOf();
  return {
    __range: `${Math.round(span / 1000)}s`,
    __range_s: String(Math.round(span / 1000)),
    __range_ms: String(span),
    __from: String(range.from.valueOf()),
    __to: String(range.to.valueOf()),
  };
}

export function rangeOf(from: string, end: number): TimeRange {
  const back = from === 'now' ? 0 : rangeUtil.intervalToMs(from.replace('now-', ''));
  return { from: dateTime(end - back), to: dateTime(end), raw: { from, to: 'now' } };
}

function asTimeSeries({ metric, values }: Series, target: Json, step: number, count: number): DataFrame {
  const name = legendOf(metric, target.legendFormat, count);
  const { __name__, ...labels } = metric;
  return {
    refId: target.refId,
    name,
    meta: { type: DataFrameType.TimeSeriesMulti },
    length: values.length,
    fields: [
      field(
        'Time',
        FieldType.time,
        values.map(([at]) => at * 1000),
        { interval: step },
      ),
      {
        ...field(
          'Value',
          FieldType.number,
          values.map(([, value]) => Number(value)),
          { displayNameFromDS: name },
        ),
        labels,
      },
    ],
  };
}

function legendOf(metric: Labels, format: string, count: number): string {
  if (format && format !== '__auto') {
    return format.replace(/\{\{\s*(.+?)\s*\}\}/g, (_, label) => metric[label] ?? '');
  }
  return count === 1 && !Object.keys(metric).length ? 'Value' : textOf(metric);
}

function textOf({ __name__ = '', ...labels }: Labels): string {
  return `${__name__}{${Object.entries(labels)
    .map(([name, value]) => `${name}="${value}"`)
    .join(', ')}}`.replace(/", /g, '",');
}

function asTable(series: Series[], refId: string, queries: number): DataFrame[] {
  if (!series.length) {
    return [{ refId, length: 0, fields: [] }];
  }
  const rows = series.flatMap(({ metric, values }) => values.map(([at, value]) => ({ metric, at, value })));
  rows.sort((one, other) => one.at - other.at);
  const labels = [...new Set(series.flatMap(({ metric }) => Object.keys(metric)))].sort();
  return [
    {
      refId,
      length: rows.length,
      meta: { preferredVisualisationType: 'rawPrometheus' },
      fields: [
        field(
          'Time',
          FieldType.time,
          rows.map(({ at }) => at * 1000),
        ),
        ...labels.map((label) =>
          field(
            label,
            FieldType.string,
            rows.map(({ metric }) => metric[label] ?? ''),
          ),
        ),
        field(
          queries > 1 ? `Value #${refId}` : 'Value',
          FieldType.number,
          rows.map(({ value }) => Number(value)),
        ),
      ],
    },
  ];
}

// Series of buckets that each count all below become rows that count their own.
function asHeatmap(series: Series[], refId: string, step: number): DataFrame[] {
  if (!series.length) {
    return [];
  }
  const sorted = [...series].sort((one, other) => Number(one.metric.le) - Number(other.metric.le));
  const times = [...new Set(sorted.flatMap(({ values }) => values.map(([at]) => at)))].sort((a, b) => a - b);
  const counts = sorted.map(({ values }) => new Map(values.map(([at, value]) => [at, Number(value)])));
  const rows = counts.map((row, place) =>
    times.map((at) => Math.max(0, (row.get(at) ?? 0) - (place ? (counts[place - 1].get(at) ?? 0) : 0))),
  );
  return [
    {
      refId,
      meta: { type: DataFrameType.HeatmapRows },
      length: times.length,
      fields: [
        field(
          'Time',
          FieldType.time,
          times.map((at) => at * 1000),
          { interval: step },
        ),
        ...sorted.map(({ metric }, place) => field(metric.le, FieldType.number, rows[place])),
      ],
    },
  ];
}

function field(name: string, type: FieldType, values: unknown[], config: Json = {}): Field {
  return { name, type, values, config };
}
