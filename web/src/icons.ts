// Small drawings, as elements: the policy allows no picture from elsewhere, nor style in one.
const SVG = 'http://www.w3.org/2000/svg';

const SHIELD = 'M12 2.5 20 5.5v6c0 5-3.4 8.6-8 10-4.6-1.4-8-5-8-10v-6z';
const PATHS = {
  good: [SHIELD, 'm8.2 12 2.8 2.8 5-5.4'],
  bad: [SHIELD, 'm9 9 6 6', 'm15 9-6 6'],
  warn: [SHIELD, 'M9.6 9.6a2.4 2.4 0 1 1 3.6 2.1c-.8.45-1.2.9-1.2 1.9', 'M12 16.6v.1'],
  none: [SHIELD],
  pause: ['M9 5v14', 'M15 5v14'],
  play: ['M7.5 5v14l11-7z'],
  save: ['M12 4v11', 'm7.5 11 4.5 4.5 4.5-4.5', 'M5 19.5h14'],
  auto: ['M12 4a8 8 0 1 0 0 16z', 'M12 4a8 8 0 1 1 0 16'],
  light: ['M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8z', 'M12 3v1.5M12 19.5V21M3 12h1.5M19.5 12H21'],
  dark: ['M19.5 14.5A8 8 0 0 1 9.5 4.5a8 8 0 1 0 10 10z'],
};
export type IconName = keyof typeof PATHS;

// Says nothing to who hears the page: words stand beside it.
export function icon(name: IconName): SVGElement {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('class', `icon ${name}`);
  svg.setAttribute('aria-hidden', 'true');
  for (const d of PATHS[name]) {
    const path = document.createElementNS(SVG, 'path');
    path.setAttribute('d', d);
    svg.append(path);
  }
  return svg;
}
