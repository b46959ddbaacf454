// Keeps the model up to date: told by the server's events when there is something new, else by
// asking once a second. Outlives restarts of the server.
import { fetchClass, fetchClasses, fetchSnapshot, MOST_SNAPSHOT_CLASSES } from './api';
import type { Model } from './model';
import { ADAPTER, COUNTERS, DISK, HEALTH, SA, SESSION, SESSION_SA } from './names';
import { counters } from './schema';

const POLL_MS = 1_000;
const HIDDEN_POLL_MS = 5_000; // a hidden page gives its connection back: a browser has few
const RETRY_MS = 1_000;
const STREAM_RETRY_MS = 10_000; // where there are no events to be had
const SILENCE_MS = 12_000; // the server says something every few seconds
const CLASSES_AGE_MS = 10_000;
const PAUSE_AN_INSTANCE_MS = 2; // 500 instances each second; 10,000 each 20 s
const NEEDED = [COUNTERS, SESSION, DISK, SESSION_SA, SA, ADAPTER, HEALTH];

export class Live {
  private stream: EventSource | null = null;
  private stream_tried_ms = -Infinity;
  private heard_ms = -Infinity;
  private classes_ms = -Infinity;
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
    this.tick();
    void this.pull(true);
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
    stream.addEventListener('open', () => {
      this.stream_tried_ms = performance.now();
      this.classes_ms = -Infinity; // it may be another server now
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
        this.registrations = registrations;
        this.classes_ms = -Infinity;
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
      if (began - this.classes_ms > CLASSES_AGE_MS) await this.readClasses();
      const classes = await fetchSnapshot(this.names(), fresh);
      this.model.accept(classes);
      const many = classes.reduce((sum, one) => sum + one.instances.length, 0);
      const pause_ms = many * PAUSE_AN_INSTANCE_MS;
      this.model.pace_ms = pause_ms > POLL_MS ? pause_ms : 0;
      this.not_before_ms = performance.now() + this.model.pace_ms;
      this.model.link = 'live';
    } catch (error) {
      this.model.link = 'lost';
      this.model.problem = error instanceof Error ? error.message : String(error);
      this.classes_ms = -Infinity;
    }
    this.busy = false;
    this.changed();
  }

  private async readClasses(): Promise<void> {
    const rows = await fetchClasses();
    const there = new Set(rows.map((one) => one.name));
    const names = new Set(NEEDED.filter((name) => there.has(name)));
    for (const row of rows) if (row.providers > 0) names.add(row.name);
    const missing = [...names].filter((name) => !this.model.infos.has(name));
    const found = await Promise.all(missing.map(fetchClass));
    for (const info of found) this.model.infos.set(info.name, info);
    for (const name of this.model.infos.keys()) {
      if (!there.has(name)) this.model.infos.delete(name);
    }
    this.model.rows = rows;
    this.classes_ms = performance.now();
  }

  private names(): string[] {
    const { infos, rows } = this.model;
    const others = rows
      .filter((row) => row.providers > 0 && !NEEDED.includes(row.name))
      .map((row) => infos.get(row.name))
      .filter((info) => info !== undefined)
      .sort((a, b) => counters(b).length - counters(a).length);
    const needed = NEEDED.filter((name) => infos.has(name));
    return [...needed, ...others.map((info) => info.name)].slice(0, MOST_SNAPSHOT_CLASSES);
  }
}
