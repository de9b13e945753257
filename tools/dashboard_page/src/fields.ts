// What Grafana does between a query and a picture: transformations of the frames, then the options of their fields.

import {
  applyFieldOverrides,
  cacheFieldDisplayNames,
  type DataFrame,
  dataLinksOverrideProcessor,
  displayNameOverrideProcessor,
  type Field,
  FieldConfigOptionsRegistry,
  type FieldConfigSource,
  getFieldDisplayName,
  type GrafanaTheme2,
  identityOverrideProcessor,
  locationUtil,
  numberOverrideProcessor,
  standardFieldConfigEditorRegistry,
  standardTransformers,
  standardTransformersRegistry,
  stringOverrideProcessor,
  thresholdsOverrideProcessor,
  transformDataFrame,
  unitOverrideProcessor,
  valueMappingsOverrideProcessor,
} from '@grafana/data';
import { firstValueFrom } from 'rxjs';

import { type Json } from './prometheus';
import { interpolated, type Values } from './variables';

const STANDARD: Json = {
  unit: unitOverrideProcessor,
  min: numberOverrideProcessor,
  max: numberOverrideProcessor,
  decimals: numberOverrideProcessor,
  displayName: displayNameOverrideProcessor,
  noValue: stringOverrideProcessor,
  thresholds: thresholdsOverrideProcessor,
  mappings: valueMappingsOverrideProcessor,
  links: dataLinksOverrideProcessor,
  color: identityOverrideProcessor,
};

// What a field of a graph has where the dashboard does not say it.
const OF_GRAPH: Json = {
  drawStyle: 'line',
  lineInterpolation: 'linear',
  lineWidth: 1,
  fillOpacity: 0,
  gradientMode: 'none',
  spanNulls: false,
  showPoints: 'auto',
  pointSize: 5,
  stacking: { mode: 'none', group: 'A' },
  axisPlacement: 'auto',
  axisColorMode: 'text',
  axisLabel: '',
  scaleDistribution: { type: 'linear' },
  barAlignment: 0,
  barWidthFactor: 0.6,
  thresholdsStyle: { mode: 'off' },
  hideFrom: { legend: false, tooltip: false, viz: false },
};
const CUSTOM_DEFAULTS: Json = {
  timeseries: OF_GRAPH,
  table: { align: 'auto', cellOptions: { type: 'auto' }, inspect: false, filterable: false },
};

export function prepareLibraries() {
  // Some are listed twice.
  const transformers = new Map(Object.values(standardTransformers).map((one: Json) => [one.id, one]));
  standardTransformersRegistry.setInit(
    () =>
      [...transformers.values()].map((one) => ({
        id: one.id,
        name: one.name ?? one.id,
        transformation: () => Promise.resolve(one),
        editor: () => null,
        imageDark: '',
        imageLight: '',
      })) as never,
  );
  standardFieldConfigEditorRegistry.setInit(() => Object.keys(STANDARD).map((id) => option(id, STANDARD[id])) as never);
  locationUtil.initialize({
    config: { appSubUrl: '' } as never,
    getVariablesUrlParams: () => ({}),
    getTimeRangeForUrl: () => ({}) as never,
  });
}

function option(id: string, process: unknown, isCustom = false) {
  const path = id.replace('custom.', '');
  return { id, path, name: id, isCustom, process, shouldApply: () => true, editor: () => null, override: () => null };
}

export async function prepared(frames: DataFrame[], panel: Json, theme: GrafanaTheme2, known: Values) {
  const replaced = (text: string, scoped?: Json) => interpolated(withScope(text, scoped), known);
  const transformations = (panel.transformations ?? []).filter((one: Json) => !one.disabled);
  const series = await firstValueFrom(transformDataFrame(transformations, frames, { interpolate: replaced }));
  const fieldConfig = migrated(panel);
  const custom = [fieldConfig.defaults.custom, ...fieldConfig.overrides.map(({ properties }) => inFull(properties))];
  const registry = new FieldConfigOptionsRegistry(() => [
    ...standardFieldConfigEditorRegistry.list(),
    ...[...new Set(custom.flatMap((one) => Object.keys(one)))].map(
      (name) => option(`custom.${name}`, identityOverrideProcessor, true) as never,
    ),
  ]);
  const shown = applyFieldOverrides({
    data: series,
    fieldConfig,
    fieldConfigRegistry: registry,
    replaceVariables: replaced,
    theme,
    timeZone: 'utc',
  });
  cacheFieldDisplayNames(shown);
  return { frames: shown, fieldConfig, replaced };
}

function inFull(properties: Json[]): Json {
  const custom = properties.filter(({ id }) => id.startsWith('custom.'));
  return Object.fromEntries(custom.map(({ id, value }) => [id.replace('custom.', ''), value]));
}

// `${__field.labels.kind}` and `${__data.fields.test}`, of one field and one row.
function withScope(text: string, scoped: Json = {}): string {
  const { frame, field, rowIndex } = scoped.__dataContext?.value ?? {};
  return text.replace(/\$\{__(field|data|value)\.(\w+)\.?(.*?)(:\w+)?\}/g, (whole, of, part, name, format) => {
    const found =
      of === 'value'
        ? field?.values[rowIndex]
        : of === 'data'
          ? frame?.fields.find((one: Field) => getFieldDisplayName(one, frame) === name || one.name === name)?.values[
              rowIndex
            ]
          : field?.[part]?.[name];
    return found === undefined ? whole : format === ':percentencode' ? encodeURIComponent(found) : String(found);
  });
}

// Options that Grafana renames when it loads a table that an older version saved.
function migrated(panel: Json): FieldConfigSource {
  const { defaults, overrides }: Json = structuredClone(panel.fieldConfig);
  const { displayMode, ...custom } = { ...CUSTOM_DEFAULTS[panel.type], ...defaults.custom };
  const renamed = (id: string, value: unknown) =>
    id === 'custom.displayMode' ? { id: 'custom.cellOptions', value: { type: value } } : { id, value };
  const properties = (all: Json[]) =>
    all.flatMap(({ id, value }) =>
      id === 'custom.cellOptions' && value.wrapText
        ? [
            { id, value },
            { id: 'custom.wrapText', value: true },
          ]
        : [renamed(id, value)],
    );
  return {
    defaults: { ...defaults, custom },
    overrides: overrides.map((one: Json) => ({ ...one, properties: properties(one.properties) })),
  } as FieldConfigSource;
}
