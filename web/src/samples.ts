// The samples that are held, as rows: a row a sample, a column a counter.
import type { Sheet } from './export';
import { counters } from './schema';
import type { App } from './view';

export function samplesSheet(
  app: App,
  name: string,
  className: string,
  instances: string[],
): Sheet {
  const { model } = app;
  const { from, to } = app.window();
  const info = model.info(className);
  const names = info ? counters(info).map((one) => one.name) : [];
  const sheet: Sheet = { name, header: ['Time', 'InstanceName', ...names], rows: [] };
  for (const instance of instances) {
    const track = model.history.track(className, instance);
    if (!track) continue;
    track.boot_s.forEach((boot_s, at) => {
      if (boot_s < from || boot_s > to) return;
      const values = names.map((one) => track.values.get(one)?.[at] ?? null);
      sheet.rows.push([new Date(track.unix_s[at]! * 1000).toISOString(), instance, ...values]);
    });
  }
  return sheet;
}
