// What `quickmode audit` says, first of all: whether every session is protected; else which is not,
// with its disks; and where that can't be told, why and what to do.
import { text } from './api';
import { h, Keyed, link, setAttribute, setText, show, type Row } from './dom';
import { grouped, UNKNOWN } from './format';
import { icon, type IconName } from './icons';
import { HEALTH } from './names';
import { diskText, protectionBadge, protectionWord } from './parts';
import { placeText } from './route';
import { verdictOf, whyText, type Session } from './sessions';
import type { App } from './view';

const MOST_OFFENDERS = 24; // in full; the list of sessions has all

class Offender implements Row {
  readonly element = h('li', { class: 'offender' });
  private said = '';
  update(app: App, session: Session): void {
    const { properties, name } = session.instance;
    const why = whyText(session);
    const disks = session.disks.map(diskText);
    const said = JSON.stringify([session.protection, properties, why, disks, placeText(app.route)]);
    if (said === this.said) return;
    this.said = said;
    const advice = text(properties['Advice']);
    this.element.replaceChildren(
      h(
        'p',
        { class: 'head' },
        protectionBadge(session.protection),
        ' ',
        link(placeText(app.route, 'session', name), text(properties['Target']) || name),
      ),
      h(
        'dl',
        {},
        h('dt', {}, 'Disks'),
        h(
          'dd',
          { class: 'strong' },
          ...(disks.length > 0 ? disks.map((one) => h('div', {}, one)) : ['none']),
        ),
        h('dt', {}, 'Portal'),
        h('dd', {}, text(properties['Portal']) || UNKNOWN),
        h('dt', {}, 'Why'),
        h('dd', {}, why || UNKNOWN),
        ...(advice === '' ? [] : [h('dt', {}, 'To do'), h('dd', {}, advice)]),
      ),
    );
  }
}

// What helps where nothing is told of sessions or adapters; the same as the commands say.
export function hints(app: App): HTMLElement[] {
  const { model } = app;
  const lines: HTMLElement[] = [];
  const hint = (what: string, command: string): void => {
    lines.push(h('li', {}, `${what} `, h('code', {}, command)));
  };
  for (const collector of model.instances(HEALTH)) {
    const problem = text(collector.properties['LastProblem']);
    if (problem !== '') lines.push(h('li', {}, `The collector says: ${problem}`));
    else if (collector.properties['KernelReadable'] === false)
      lines.push(h('li', {}, 'The collector can’t read this kernel’s IPsec state.'));
  }
  if (model.sessionProviders() === 0)
    hint('Start the collector:', 'systemctl start quickmode-collect');
  else hint('Log in to the targets of this host:', 'iscsiadm -m node --login');
  hint('See it all in a virtual machine:', 'make run');
  return lines;
}

export class VerdictPart {
  readonly element: HTMLElement;
  private readonly mark = h('span', { class: 'verdict-mark' });
  private readonly sentence = h('h1', { tabindex: -1 });
  private readonly counts = h('p', { class: 'counts' });
  private readonly hints = h('ul', { class: 'hints' });
  private readonly list = h('ul', { class: 'offenders' });
  private readonly more = h('p', { class: 'note' });
  private readonly rows: Keyed<Session, Offender>;
  private tone: IconName | '' = '';
  private hinted = '';

  constructor(private readonly app: App) {
    this.rows = new Keyed(
      this.list,
      () => new Offender(),
      (row, session) => row.update(app, session),
    );
    const words = h('div', { role: 'status' }, this.sentence, this.counts);
    const below = h('div', { class: 'verdict-below' }, this.hints, this.list, this.more);
    this.element = h(
      'section',
      { class: 'verdict', 'aria-label': 'Verdict' },
      this.mark,
      words,
      below,
    );
  }

  update(): void {
    const { model, route } = this.app;
    const sessions = model.sessions();
    const verdict = verdictOf(sessions, model.sessionProviders());
    const tone = model.loaded ? verdict.tone : 'none';
    setAttribute(this.element, 'data-tone', tone);
    if (tone !== this.tone) this.mark.replaceChildren(icon(tone));
    this.tone = tone;
    setText(this.sentence, model.loaded ? verdict.sentence : 'Asking the service …');
    const said = verdict.counts
      .filter((one) => one.count > 0)
      .map((one) => `${grouped(one.count)} ${protectionWord(one.protection)}`);
    show(this.counts, said.length > 1);
    setText(this.counts, said.join(' · '));
    this.showHints(model.loaded && sessions.length === 0);
    const bad = sessions.filter(
      (one) => one.protection === 'unprotected' || one.protection === 'unknown',
    );
    bad.sort((a, b) =>
      a.protection === b.protection ? 0 : a.protection === 'unprotected' ? -1 : 1,
    );
    this.rows.set(bad.slice(0, MOST_OFFENDERS).map((item) => ({ key: item.instance.name, item })));
    const left = bad.length - MOST_OFFENDERS;
    show(this.more, left > 0);
    if (left > 0 && this.more.dataset['left'] !== String(left)) {
      this.more.dataset['left'] = String(left);
      this.more.replaceChildren(
        `${grouped(left)} more are not shown here: `,
        link(placeText(route, 'sessions'), 'all sessions'),
      );
    }
  }

  private showHints(wanted: boolean): void {
    show(this.hints, wanted);
    if (!wanted) return;
    const lines = hints(this.app);
    const said = lines.map((one) => one.textContent).join('\n');
    if (said !== this.hinted) this.hints.replaceChildren(...lines);
    this.hinted = said;
  }
}
