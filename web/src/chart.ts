// Lines over time, drawn by uPlot; and small ones without axes.
import uPlot from 'uplot';
import { h, setAttribute, show } from './dom';
import { axisText, clock } from './format';

export interface Line {
  label: string;
  color: number; // 0 to 7: the palette's, by --line-N in style.css
  values: (number | null)[];
}

export interface Drawing {
  x: number[]; // unix seconds, growing
  lines: Line[];
  marks: number[]; // unix seconds
  from: number;
  to: number;
  summary: string; // for who does not see it
}

export interface ChartOptions {
  height: number;
  unit: string;
  zoom: (from: number, to: number) => void;
  unzoom: () => void;
  pointed: (at: number | null) => void; // index into x
}

export const PALETTE = 8;

// Asking the style sheet makes the browser lay out what has changed: once a theme is enough.
const colors = new Map<string, string>();
function css(name: string): string {
  let color = colors.get(name);
  if (color === undefined) {
    color = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
    colors.set(name, color);
  }
  return color;
}
export function forgetColors(): void {
  colors.clear();
}

const LEAST_WIDTH = 100;
const unmade = new Set<Chart>();

// After a view was drawn: all widths are asked for first, since each question after a change makes
// the browser lay out the whole page again.
export function makeCharts(): void {
  const widths = [...unmade].map((chart): [Chart, number] => [chart, chart.width()]);
  unmade.clear();
  for (const [chart, width] of widths) chart.make(width);
}

const FONT = '12px system-ui, sans-serif'; // as --small in style.css
const KEY_STEP = 0.25; // of what is shown

export class Chart {
  readonly element: HTMLElement;
  private readonly empty = h('p', { class: 'chart-empty' }, 'The next sample is on its way …');
  private readonly box: HTMLElement;
  private plot: uPlot | null = null;
  private shape = '';
  private drawing: Drawing = { x: [], lines: [], marks: [], from: 0, to: 1, summary: '' };

  constructor(private readonly options: ChartOptions) {
    this.box = h('div', { class: 'plot', 'aria-hidden': 'true' });
    this.element = h(
      'div',
      {
        class: 'chart',
        role: 'figure',
        tabindex: 0,
        keydown: (event) => this.key(event as KeyboardEvent),
      },
      this.box,
      this.empty,
    );
    new ResizeObserver(() => this.fit()).observe(this.box);
  }

  draw(drawing: Drawing): void {
    this.drawing = drawing;
    setAttribute(this.element, 'aria-label', drawing.summary);
    const something = drawing.x.length > 0;
    show(this.empty, drawing.x.length < 2);
    const lines = drawing.lines.map((one) => `${one.color}${one.label}`);
    const shape = `${lines.join('\n')} ${css('--ink')}`;
    if (something && (this.plot === null || shape !== this.shape)) {
      // Its width is known once all around it has been laid out.
      this.shape = shape;
      unmade.add(this);
      return;
    }
    if (!this.plot) return;
    const data = [drawing.x, ...drawing.lines.map((one) => one.values)];
    this.plot.batch(() => {
      this.plot?.setData(data as uPlot.AlignedData, false);
      this.plot?.setScale('x', { min: drawing.from, max: drawing.to });
    });
  }

  destroy(): void {
    unmade.delete(this);
    this.plot?.destroy();
    this.plot = null;
  }

  width(): number {
    return Math.max(this.box.clientWidth, LEAST_WIDTH);
  }

  private fit(): void {
    const width = this.box.clientWidth;
    if (this.plot && width > 0 && width !== this.plot.width) {
      this.plot.setSize({ width, height: this.options.height });
    }
  }

  make(width: number): void {
    this.destroy();
    const data = [this.drawing.x, ...this.drawing.lines.map((one) => one.values)];
    this.plot = new uPlot(this.uplotOptions(width), data as uPlot.AlignedData, this.box);
    this.plot.setScale('x', { min: this.drawing.from, max: this.drawing.to });
  }

  private uplotOptions(width: number): uPlot.Options {
    const axis = {
      stroke: css('--muted'),
      font: FONT,
      grid: { stroke: css('--grid'), width: 1 },
      ticks: { show: false },
    };
    return {
      width,
      height: this.options.height,
      legend: { show: false },
      padding: [14, 22, 0, 0],
      cursor: {
        sync: { key: 'quickmode' },
        y: false,
        drag: { x: true, y: false, setScale: false },
        points: { size: 6 },
      },
      scales: {
        x: { time: true, auto: false },
        y: { range: (_u, least, most) => spanOf(least, most) },
      },
      axes: [
        {
          ...axis,
          space: 70,
          size: 26,
          values: (_u, at, _axis, _space, step) => at.map((one) => clock(one, step < 60)),
          grid: { show: false },
        },
        {
          ...axis,
          size: 62,
          space: 28,
          // Of nothing but zero there is nothing to measure.
          filter: (plot, at) =>
            plot.scales['y']?.max === FLAT ? at.map((one) => (one === 0 ? 0 : null)) : at,
          values: (_u, at) =>
            at.map((one) => (one === null ? '' : axisText(one, this.options.unit))),
        },
      ],
      series: [
        {},
        ...this.drawing.lines.map((one) => ({
          label: one.label,
          stroke: css(`--line-${one.color % PALETTE}`),
          fill: css(`--fill-${one.color % PALETTE}`),
          width: 1.5,
          points: { show: false },
          spanGaps: false,
        })),
      ],
      hooks: {
        draw: [(plot) => this.drawMarks(plot), noteFirst],
        setCursor: [
          (plot) => this.options.pointed(plot.cursor.left! >= 0 ? (plot.cursor.idx ?? null) : null),
        ],
        setSelect: [(plot) => this.selected(plot)],
      },
    };
  }

  private selected(plot: uPlot): void {
    const { left, width } = plot.select;
    if (width < 4) return;
    this.options.zoom(plot.posToVal(left, 'x'), plot.posToVal(left + width, 'x'));
    plot.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
  }

  private drawMarks(plot: uPlot): void {
    const { ctx } = plot;
    const { top, left, width, height } = plot.bbox;
    const size = 4 * devicePixelRatio;
    ctx.save();
    ctx.fillStyle = css('--mark');
    ctx.strokeStyle = css('--mark');
    ctx.globalAlpha = 0.9;
    ctx.lineWidth = devicePixelRatio;
    ctx.setLineDash([2 * devicePixelRatio, 3 * devicePixelRatio]);
    for (const mark of this.drawing.marks) {
      const x = plot.valToPos(mark, 'x', true);
      if (x < left || x > left + width) continue;
      ctx.beginPath();
      ctx.moveTo(x, top);
      ctx.lineTo(x, top + height);
      ctx.globalAlpha = 0.35;
      ctx.stroke();
      ctx.globalAlpha = 1;
      ctx.beginPath();
      ctx.moveTo(x, top - 2 * size);
      ctx.lineTo(x + size, top - size);
      ctx.lineTo(x, top);
      ctx.lineTo(x - size, top - size);
      ctx.fill();
    }
    ctx.restore();
  }

  private key(event: KeyboardEvent): void {
    const { from, to } = this.drawing;
    const step = (to - from) * KEY_STEP;
    const keys: Record<string, () => void> = {
      '+': () => this.options.zoom(from + step, to - step),
      '=': () => this.options.zoom(from + step, to - step),
      '-': () => this.options.zoom(from - step, to + step),
      ArrowLeft: () => this.options.zoom(from - step, to - step),
      ArrowRight: () => this.options.zoom(from + step, to + step),
      Escape: () => this.options.unzoom(),
    };
    const act = keys[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act();
  }
}

// When the first chart with a line in it was drawn, for who measures the page.
let noted = false;
function noteFirst(plot: uPlot): void {
  if (!noted && plot.data[0].length > 1 && plot.series.length > 1) {
    performance.mark('first-chart');
    noted = true;
  }
}

const FLAT = 1;

// Zero is always in sight, and a little air above: a flat line must not look like a mountain.
function spanOf(least: number | null, most: number | null): [number, number] {
  const low = Math.min(0, least ?? 0);
  const high = Math.max(0, most ?? 0);
  const air = (high - low || 1) * 0.08;
  if (low === 0 && high === 0) return [0, FLAT];
  return [low < 0 ? low - air : 0, high > 0 ? high + air : 0];
}

const SPARK_WIDTH = 132;
const SPARK_HEIGHT = 26;

// A line without axes, from zero up.
export function sparkline(
  canvas: HTMLCanvasElement,
  x: number[],
  values: (number | null)[],
  from: number,
  to: number,
): void {
  const ratio = devicePixelRatio || 1;
  canvas.width = SPARK_WIDTH * ratio;
  canvas.height = SPARK_HEIGHT * ratio;
  const ctx = canvas.getContext('2d');
  if (!ctx) return;
  ctx.scale(ratio, ratio);
  const most = values.reduce<number>((top, one) => Math.max(top, one ?? 0), 0) || 1;
  ctx.strokeStyle = css('--grid');
  ctx.beginPath();
  ctx.moveTo(0, SPARK_HEIGHT - 1.5);
  ctx.lineTo(SPARK_WIDTH, SPARK_HEIGHT - 1.5);
  ctx.stroke();
  ctx.strokeStyle = css('--line-0');
  ctx.lineWidth = 1.25;
  ctx.beginPath();
  let open = false;
  x.forEach((time, at) => {
    const value = values[at] ?? null;
    if (value === null) {
      open = false;
      return;
    }
    const px = ((time - from) / (to - from || 1)) * SPARK_WIDTH;
    const py = SPARK_HEIGHT - 2 - (value / most) * (SPARK_HEIGHT - 5);
    if (open) ctx.lineTo(px, py);
    else ctx.moveTo(px, py);
    open = true;
  });
  ctx.stroke();
}
