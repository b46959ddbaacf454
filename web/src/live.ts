// Keeps the model up to date: told by the server's events when there is something new, else by
// asking once a second. Outlives restarts of the server.
import {
  fetchClass,
  fetchClasses,
  fetchHistory,
  fetchSnapshot,
  fetchStart,
  MOST_SNAPSHOT_CLASSES,
  type Instances,
} from './api';
import { afterPaint } from './dom';
import type { Model } from './model';
import { NEEDED } from './names';
import { counters } from './schema';

const POLL_MS = 1_000;
const HIDDEN_POLL_MS = 5_000; // a hidden page gives its connection back: a browser has few
const RETRY_MS = 1_000;
const STREAM_RETRY_MS = 10_000; // where there are no events to be had
const SILENCE_MS = 12_000; // the server says something every few seconds
const SECOND_MS = 2_000; // the second sample makes the first rates: it comes soon, of many too
const ROWS_AGE_MS = 10_000;
const PAUSE_AN_INSTANCE_MS = 2; // 500 instances each second; 10,000 each 20 s

export class Live {
  private stream: EventSource | null = null;
  private stream_tried_ms = -Infinity;
  private heard_ms = -Infinity;
  private rows_ms = -Infinity;
  private begun = false; // what the classes are is known, and what was before
  private registrations: number | null = null;
  private busy = false;
  private wanted = false;
  private not_before_ms = 0;
  private last_pull_ms = -Infinity;

  constructor(
    private readonly model: Model,
    private readonly changed: () => void,
  ) {}

  start(): void {
    document.addEventListener('visibilitychange', () => this.tick());
    setInterval(() => this.tick(), 500);
    void this.pull(true).then(() =>
      afterPaint(() => {
        this.tick();
        void this.recall();
      }),
    );
  }

  private tick(): void {
    const now = performance.now();
    if (document.hidden) this.closeStream();
    else if (!this.stream && now - this.stream_tried_ms > STREAM_RETRY_MS) this.openStream();
    if (this.stream && now - Math.max(this.heard_ms, this.stream_tried_ms) > SILENCE_MS) {
      this.closeStream();
      this.stream_tried_ms = -Infinity;
    }
    const told =
      this.stream?.readyState === EventSource.OPEN && this.heard_ms > this.stream_tried_ms;
    const pause_ms = document.hidden
      ? HIDDEN_POLL_MS
      : this.model.link === 'live'
        ? POLL_MS
        : RETRY_MS;
    if (this.wanted) void this.pull(false);
    else if (!told && now - this.last_pull_ms >= pause_ms) void this.pull(true);
  }

  private openStream(): void {
    this.stream_tried_ms = performance.now();
    const stream = new EventSource('/api/v1/events');
    this.stream = stream;
    stream.addEventListener('refresh', (event) => this.told(String(event.data)));
    stream.addEventListener('heartbeat', () => {
      this.heard_ms = performance.now();
      void this.pull(false); // what is old is told with its age
    });
    stream.addEventListener('error', () => {
      // CONNECTING: the browser tries again by itself. CLOSED: it got no event stream.
      if (stream.readyState === EventSource.CLOSED) this.closeStream();
      else this.heard_ms = -Infinity;
    });
    let opened = 0;
    stream.addEventListener('open', () => {
      this.stream_tried_ms = performance.now();
      if (++opened > 1) this.begun = false; // it may be another server now
      void this.pull(false);
    });
  }

  private closeStream(): void {
    this.stream?.close();
    this.stream = null;
  }

  private told(data: string): void {
    this.heard_ms = performance.now();
    try {
      const { registrations } = JSON.parse(data) as { registrations?: number };
      if (registrations !== undefined && registrations !== this.registrations) {
        // 0: the service has looked for none yet.
        if (this.registrations !== null && this.registrations !== 0) this.begun = false;
        this.registrations = registrations;
      }
    } catch {
      return;
    }
    void this.pull(false);
  }

  // One at a time; what is wanted meanwhile is asked for afterwards, once.
  private async pull(fresh: boolean): Promise<void> {
    const began = performance.now();
    if (this.busy || began < this.not_before_ms) {
      if (!fresh) this.wanted = true;
      return;
    }
    this.busy = true;
    this.wanted = false;
    this.last_pull_ms = began;
    try {
      const first = !this.begun;
      const classes = this.begun ? await this.goOn(fresh) : await this.begin();
      const many = classes.reduce((sum, one) => sum + one.instances.length, 0);
      const pause_ms = many * PAUSE_AN_INSTANCE_MS;
      this.model.pace_ms = pause_ms > POLL_MS ? pause_ms : 0;
      this.model.history.setPace(this.model.pace_ms / 1000);
      const wait_ms = first ? Math.min(this.model.pace_ms, SECOND_MS) : this.model.pace_ms;
      this.not_before_ms = performance.now() + wait_ms;
      this.model.link = 'live';
    } catch (error) {
      this.model.link = 'lost';
      this.model.problem = error instanceof Error ? error.message : String(error);
      this.begun = false;
    }
    this.busy = false;
    this.changed();
  }

  private async begin(): Promise<Instances[]> {
    const start = await fetchStart();
    this.model.begin(start);
    this.begun = true;
    this.rows_ms = performance.now();
    return start.snapshot;
  }

  private async goOn(fresh: boolean): Promise<Instances[]> {
    if (performance.now() - this.rows_ms > ROWS_AGE_MS) {
      this.model.rows = await fetchClasses();
      this.rows_ms = performance.now();
    }
    const names = this.names();
    const unknown = names.filter((name) => !this.model.infos.has(name));
    for (const info of await Promise.all(unknown.map(fetchClass))) {
      this.model.infos.set(info.name, info);
    }
    const classes = await fetchSnapshot(names, fresh);
    this.model.accept(classes);
    return classes;
  }

  // What the service has kept from before the first answer's history.
  private async recall(): Promise<void> {
    const counted = this.names().filter((name) => {
      const info = this.model.info(name);
      return info !== undefined && counters(info).length > 0;
    });
    if (counted.length === 0) return;
    try {
      this.model.remember(await fetchHistory(counted));
    } catch {
      return; // what is held is enough to go on with
    }
    this.changed();
  }

  // What the page is about, what is looked at, then all that somebody supplies: as many as one
  // answer may hold.
  private names(): string[] {
    const { rows, viewed } = this.model;
    const there = new Set(rows.map((row) => row.name));
    const supplied = rows.filter((row) => row.providers > 0).map((row) => row.name);
    const wanted = [...NEEDED, viewed, ...supplied].filter((name) => there.has(name));
    return [...new Set(wanted)].slice(0, MOST_SNAPSHOT_CLASSES);
  }
}
