// What the page knows: the classes, the newest snapshot, what was before. Views read it.
import type { ClassInfo, ClassRow, Instance, Instances, Past, Start } from './api';
import { History } from './history';
import { COUNTERS } from './names';
import { joinSessions, type Session } from './sessions';
import { SESSION } from './names';

export const MOST_HELD_WHILE_PAUSED = 900; // snapshots; the oldest go first

interface Arrival {
  classes: Instances[];
  past: Past[];
  at_ms: number;
}

export type Link = 'connecting' | 'live' | 'lost';

export class Model {
  host = ''; // as the service's host calls itself
  viewed = ''; // the class that is looked at; asked for even where there are many
  rows: ClassRow[] = [];
  infos = new Map<string, ClassInfo>();
  latest = new Map<string, Instances>();
  history = new History();
  link: Link = 'connecting';
  problem = ''; // of the last request that failed
  paused = false;
  loaded = false; // a snapshot has come
  pace_ms = 0; // between two questions, where there is so much that it takes its time
  private received_ms = 0;
  private byName = new Map<string, Map<string, Instance>>(); // made when it is asked for
  private joined: { late_s: number; sessions: Session[] } | null = null; // likewise
  private held: Arrival[] = [];

  constructor(private readonly now_ms: () => number) {}

  accept(classes: Instances[], past: Past[] = []): void {
    const one = { classes, past, at_ms: this.now_ms() };
    if (this.paused && this.loaded) {
      this.held.push(one);
      if (this.held.length > MOST_HELD_WHILE_PAUSED) this.held.shift();
      return;
    }
    this.take(one);
  }

  begin(start: Start): void {
    this.host = start.host;
    this.rows = start.classes;
    this.infos = new Map(start.definitions.map((info) => [info.name, info]));
    this.accept(start.snapshot, start.history);
  }

  remember(past: Past[]): void {
    this.accept([], past);
  }

  // What came while it was paused is shown when it goes on: nothing is lost.
  setPaused(paused: boolean): void {
    this.paused = paused;
    if (paused) return;
    for (const one of this.held) this.take(one);
    this.held = [];
  }

  // How old the youngest value is that anybody supplies; 0 where nobody does.
  youngest_ms(): number {
    let age_ms = Infinity;
    for (const one of this.latest.values()) {
      for (const instance of one.instances) age_ms = Math.min(age_ms, instance.age_ms);
    }
    return Number.isFinite(age_ms) ? age_ms + this.late_ms() : 0;
  }
  late_ms(): number {
    return this.loaded ? this.now_ms() - this.received_ms : 0;
  }
  instances(className: string): Instance[] {
    return this.latest.get(className)?.instances ?? [];
  }
  instance(className: string, name: string): Instance | undefined {
    let byName = this.byName.get(className);
    if (!byName) {
      byName = new Map(this.instances(className).map((one) => [one.name, one]));
      this.byName.set(className, byName);
    }
    return byName.get(name);
  }
  info(className: string): ClassInfo | undefined {
    return this.infos.get(className);
  }
  sessions(): Session[] {
    // While paused the moment stands still; else a sample grows old even when nothing comes.
    const late_s = this.paused ? 0 : Math.floor(this.late_ms() / 1000);
    if (this.joined === null || this.joined.late_s !== late_s)
      this.joined = { late_s, sessions: joinSessions(this.latest, late_s * 1000) };
    return this.joined.sessions;
  }
  sessionProviders(): number {
    return this.latest.get(SESSION)?.providers ?? 0;
  }
  adapters(): Instance[] {
    return this.instances(COUNTERS);
  }

  private take(one: Arrival): void {
    this.history.add(one.classes, this.infos);
    this.history.addPast(one.past, this.infos);
    if (one.classes.length === 0) return;
    // Whole: what nobody supplies any more is not there any more.
    this.latest = new Map(one.classes.map((each) => [each.class, each]));
    this.byName.clear();
    this.joined = null;
    this.received_ms = one.at_ms;
    this.loaded = true;
  }
}
