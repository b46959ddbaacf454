// What every view gets and gives.
import type { Sheet } from './export';
import type { Model } from './model';
import type { Route } from './route';

export interface App {
  readonly model: Model;
  readonly route: Route;
  go(route: Route): void;
  // What is shown of the held time, in boot seconds.
  window(): { from: number; to: number };
}

export interface View {
  readonly element: HTMLElement;
  title(): string;
  // The model or the times have changed. True: what is seen first was drawn; the rest is wanted.
  update(): boolean | void;
  sheet(): Sheet; // what is shown, for a file
  destroy(): void;
}
