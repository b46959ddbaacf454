// What the page knows: the classes, the newest snapshot, what was before. Views read it.
import type { ClassInfo, ClassRow, Instance, Instances } from './api';
import { History } from './history';
import { COUNTERS } from './names';
import { joinSessions, type Session } from './sessions';
import { SESSION } from './names';

export const MOST_HELD_WHILE_PAUSED = 900; // snapshots; the oldest go first

export type Link = 'connecting' | 'live' | 'lost';

export class Model {
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
  private held: { classes: Instances[]; at_ms: number }[] = [];

  constructor(private readonly now_ms: () => number) {}

  accept(classes: Instances[]): void {
    const one = { classes, at_ms: this.now_ms() };
    if (this.paused && this.loaded) {
      this.held.push(one);
      if (this.held.length > MOST_HELD_WHILE_PAUSED) this.held.shift();
      return;
    }
    this.take(one);
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
    return this.instances(className).find((one) => one.name === name);
  }
  info(className: string): ClassInfo | undefined {
    return this.infos.get(className);
  }
  sessions(): Session[] {
    // While paused the moment stands still; else a sample grows old even when nothing comes.
    return joinSessions(this.latest, this.paused ? 0 : this.late_ms());
  }
  sessionProviders(): number {
    return this.latest.get(SESSION)?.providers ?? 0;
  }
  adapters(): Instance[] {
    return this.instances(COUNTERS);
  }

  private take(one: { classes: Instances[]; at_ms: number }): void {
    for (const each of one.classes) this.latest.set(each.class, each);
    this.history.add(one.classes, this.infos);
    this.received_ms = one.at_ms;
    this.loaded = true;
  }
}
