// The page: bar, view, and what keeps them up to date.
import { ClassesView, ClassView } from './class_views';
import { afterPaint, h, setAttribute, setText, show } from './dom';
import { download } from './export';
import { forgetColors, makeCharts } from './chart';
import { icon } from './icons';
import { ExplainView } from './explain_view';
import { clock, duration, zoneText } from './format';
import { InstanceView } from './instance_view';
import { Live } from './live';
import { Model } from './model';
import { COUNTERS, SA } from './names';
import { Overview } from './overview';
import { parseRoute, placeText, RANGES_S, routeText, type Route } from './route';
import { SasView } from './sa_views';
import { SessionsView, SessionView } from './session_views';
import type { App, View } from './view';

const STALE_MS = 6_000;
const LEAST_SHOWN_S = 30;
// A page that is empty for no longer than this is not worth a frame, which would keep what comes
// from being seen.
const BLANK_MS = 150;
const PLACES: [string, ...string[]][] = [
  ['Overview'],
  ['Sessions', 'sessions'],
  ['SAs', 'sas'],
  ['Classes', 'classes'],
];

type Theme = 'auto' | 'light' | 'dark';
const THEMES: Theme[] = ['auto', 'light', 'dark'];

function makeView(app: App): View {
  const [place, first = '', second = '', third] = app.route.path;
  if (place === 'instance' && third !== undefined)
    return new ExplainView(app, first, second, third);
  if (place === 'instance') return new InstanceView(app, first, second);
  if (place === 'sessions') return new SessionsView(app);
  if (place === 'session') return new SessionView(app, first);
  if (place === 'sas') return new SasView(app);
  if (place === 'classes') return new ClassesView(app);
  if (place === 'class') return new ClassView(app, first);
  return new Overview(app);
}

// Under which of the pages in the bar a place lies.
function homeOf([place = '', className]: string[]): string {
  if (place === 'session') return 'sessions';
  if (place === 'class') return 'classes';
  if (place === 'instance')
    return className === COUNTERS ? '' : className === SA ? 'sas' : 'classes';
  return PLACES.some(([, path]) => path === place) ? place : '';
}

class Page implements App {
  readonly model = new Model(() => performance.now());
  route = parseRoute(location.hash);
  private view: View | null = null;
  private viewPath = '';
  private readonly main = document.querySelector('main') as HTMLElement;
  private readonly status = h('p', { class: 'status' });
  private readonly aloud = h('p', { class: 'unseen', role: 'status' });
  private readonly host = h('span', { class: 'host' });
  private readonly pauseText = h('span', {}, 'Pause');
  private readonly pauseIcon = h('span', {});
  private readonly pause = h(
    'button',
    { type: 'button', 'aria-pressed': 'false', click: () => this.togglePause() },
    this.pauseIcon,
    this.pauseText,
  );
  private readonly ranges = h('div', {
    class: 'segments',
    role: 'group',
    'aria-label': 'Time shown',
  });
  private readonly unzoom = h(
    'button',
    { type: 'button', click: () => this.go({ ...this.route, from: null, to: null }) },
    'Reset zoom',
  );
  private readonly nav = h('ul', {});
  private readonly theme = h('button', {
    type: 'button',
    class: 'icon-only',
    click: () => this.nextTheme(),
  });
  private readonly heldText = h('p', { class: 'held' });
  private pending = false;
  private drawn = false; // what the service has said
  private chosen: Theme = 'auto';

  start(): void {
    new Live(this.model, () => this.changed()).start();
    this.applyTheme((kept('theme') ?? 'auto') as Theme);
    setTimeout(() => !this.view && this.build(), BLANK_MS);
  }

  private build(): void {
    const bar = document.querySelector('header') as HTMLElement;
    bar.append(
      h('p', { class: 'brand' }, h('a', { href: '#/' }, 'quickmode'), this.host),
      this.status,
      this.aloud,
      h('nav', { 'aria-label': 'Pages' }, this.nav),
      h(
        'div',
        { class: 'tools' },
        this.ranges,
        this.unzoom,
        this.pause,
        ...this.exports(),
        this.theme,
      ),
    );
    this.pauseIcon.append(icon('pause'));
    document.querySelector('.skip')?.addEventListener('click', (event) => {
      event.preventDefault(); // what follows # is the route
      this.main.querySelector<HTMLElement>('h1')?.focus();
    });
    document.querySelector('footer')?.append(this.heldText);
    addEventListener('hashchange', () => this.routed());
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
      this.applyTheme(this.chosen);
      this.soon();
    });
    setInterval(() => this.tell(), 500);
    this.routed();
  }

  go(route: Route): void {
    this.route = route;
    history.replaceState(null, '', routeText(route));
    this.showBar();
    this.soon();
  }

  window(): { from: number; to: number } {
    const held = this.model.history;
    const { from, to, range_s } = this.route;
    if (from !== null && to !== null) return { from: held.bootOf(from), to: held.bootOf(to) };
    const newest = held.newest();
    if (!Number.isFinite(newest)) return { from: 0, to: 1 };
    const oldest = Math.min(held.oldest(), newest - 1);
    // A page that has just been opened shows what it has, not an empty stretch before it.
    const held_s = Math.max(newest - oldest, LEAST_SHOWN_S);
    return { from: newest - Math.min(range_s ?? held_s, held_s), to: newest };
  }

  private routed(): void {
    this.route = parseRoute(location.hash);
    const path = this.route.path.join('\n');
    this.model.viewed = ['class', 'instance'].includes(this.route.path[0] ?? '')
      ? (this.route.path[1] ?? '')
      : '';
    if (!this.view || path !== this.viewPath) {
      const first = this.view === null;
      this.view?.destroy();
      this.viewPath = path;
      this.view = makeView(this);
      this.main.replaceChildren(this.view.element);
      this.showBar();
      this.draw();
      if (!first) {
        scrollTo(0, 0);
        this.main.querySelector<HTMLElement>('h1')?.focus({ preventScroll: true });
      }
      return;
    }
    this.showBar();
    this.soon();
  }

  private changed(): void {
    if (!this.view) this.build();
    else if (this.model.loaded && !this.drawn) this.draw();
    else this.soon();
  }

  // Many changes, one drawing.
  private soon(): void {
    if (this.pending) return;
    this.pending = true;
    const draw = (): void => {
      this.pending = false;
      this.draw();
    };
    if (document.hidden) setTimeout(draw, 100);
    else requestAnimationFrame(draw);
  }

  private draw(): void {
    this.drawn ||= this.model.loaded;
    if (this.view?.update()) afterPaint(() => this.draw());
    this.tell();
    makeCharts();
    const host = this.model.host === '' ? '' : ` – ${this.model.host}`;
    document.title = `${this.view?.title() ?? ''}${host} – quickmode`;
  }

  private showBar(): void {
    const home = homeOf(this.route.path);
    this.nav.replaceChildren(
      ...PLACES.map(([text, ...path]) => {
        const here = (path[0] ?? '') === home;
        return h(
          'li',
          {},
          h(
            'a',
            { href: placeText(this.route, ...path), ...(here ? { 'aria-current': 'page' } : {}) },
            text,
          ),
        );
      }),
    );
    const zoomed = this.route.from !== null;
    const focused = this.ranges.contains(document.activeElement);
    const links = RANGES_S.map((range_s) => {
      const here = !zoomed && range_s === this.route.range_s;
      const href = routeText({ ...this.route, range_s, from: null, to: null });
      const label = range_s === null ? 'all that is held' : `the last ${duration(range_s)}`;
      return h(
        'a',
        { href, 'aria-label': label, ...(here ? { 'aria-current': 'true' } : {}) },
        range_s === null ? 'all' : `${range_s / 60} min`,
      );
    });
    this.ranges.replaceChildren(...links);
    if (focused) links[RANGES_S.indexOf(this.route.range_s)]?.focus();
    show(this.unzoom, zoomed);
  }

  // The status, each half second. How long a silence lasts is seen; what is heard is that there is
  // one.
  private tell(): void {
    const late_s = this.model.late_ms() / 1000;
    const patience_ms = STALE_MS + this.model.pace_ms;
    const stale = this.model.late_ms() > patience_ms;
    const youngest_ms = this.model.youngest_ms();
    let [state, words, aloud] = ['live', 'live', 'live'];
    if (!this.model.loaded)
      [state, words, aloud] =
        this.model.link === 'lost'
          ? ['lost', 'the service does not answer', 'the service does not answer']
          : ['wait', 'connecting …', ''];
    else if (this.model.paused) {
      const at = clock(this.model.history.unixOf(this.model.history.newest()));
      [state, words, aloud] = ['paused', `paused at ${at}`, 'paused'];
    } else if (stale || (this.model.link === 'lost' && late_s > 2)) {
      const late = duration(late_s);
      words = `no answer for ${late}: what is shown is old`;
      [state, aloud] = ['lost', 'no answer: what is shown is old'];
    } else if (youngest_ms > patience_ms) {
      const late = duration(youngest_ms / 1000);
      words = `no new values for ${late}: what is shown is old`;
      [state, aloud] = ['lost', 'no new values: what is shown is old'];
    }
    setAttribute(this.status, 'data-state', state);
    setText(this.status, words);
    setText(this.aloud, aloud);
    setText(this.host, this.model.host);
    setAttribute(document.body, 'data-state', state);
    const held = this.model.history;
    const span = held.newest() - held.oldest();
    const { from, to } = this.window();
    const nothing = this.route.from !== null && (to < held.oldest() || from > held.newest());
    const since = clock(held.unixOf(held.oldest()));
    const text = Number.isFinite(span)
      ? `This page holds ${duration(span)} of samples, since ${since} (${zoneText()}).`
      : '';
    setText(
      this.heldText,
      nothing ? `${text} Nothing of it lies in the times of this link.` : text,
    );
  }

  private togglePause(): void {
    this.model.setPaused(!this.model.paused);
    setAttribute(this.pause, 'aria-pressed', String(this.model.paused));
    setText(this.pauseText, this.model.paused ? 'Go on' : 'Pause');
    this.pauseIcon.replaceChildren(icon(this.model.paused ? 'play' : 'pause'));
    this.soon();
  }

  private exports(): HTMLElement[] {
    return (['csv', 'json'] as const).map((form) =>
      h(
        'button',
        {
          type: 'button',
          'aria-label': `Export what is shown as ${form.toUpperCase()}`,
          click: () => this.view && download(this.view.sheet(), form),
        },
        icon('save'),
        form.toUpperCase(),
      ),
    );
  }

  private nextTheme(): void {
    this.applyTheme(THEMES[(THEMES.indexOf(this.chosen) + 1) % THEMES.length] ?? 'auto');
    keep('theme', this.chosen);
    this.soon();
  }

  private applyTheme(wanted: Theme): void {
    this.chosen = THEMES.includes(wanted) ? wanted : 'auto';
    // Forced colours are the system's: what is drawn must go with them.
    const system = this.chosen === 'auto' || matchMedia('(forced-colors: active)').matches;
    const dark = system
      ? matchMedia('(prefers-color-scheme: dark)').matches
      : this.chosen === 'dark';
    document.documentElement.dataset['theme'] = dark ? 'dark' : 'light';
    this.theme.replaceChildren(icon(this.chosen));
    const words = { auto: 'as the system', light: 'light', dark: 'dark' };
    const label = `Colours: ${words[this.chosen]}`;
    setAttribute(this.theme, 'aria-label', `${label}; change`);
    setAttribute(this.theme, 'title', label);
    forgetColors();
  }
}

// A browser may forbid storage: the choice lasts as long as the page then.
function keep(name: string, value: string): void {
  try {
    localStorage.setItem(name, value);
  } catch {
    return;
  }
}
function kept(name: string): string | null {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}

// With nothing of the script on the stack: for who logs what a page asks, and from where, the
// browser would read the whole script again.
addEventListener('DOMContentLoaded', () => queueMicrotask(() => new Page().start()));
