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
  update(): void; // the model or the times have changed
  sheet(): Sheet; // what is shown, for a file
  destroy(): void;
}
