// Where one is, in the part of the address after #: it can be shared. Pure.

export interface Route {
  path: string[]; // decoded; [] is the overview
  range_s: number | null; // null: all that the page holds
  from: number | null; // unix seconds of a zoom, both or none
  to: number | null;
  cut: string; // of the overview's charts; "" the first
  filter: string;
  sort: string; // of the page's table: a column's title, "-" before it for downwards; "" as it is
}

export const RANGES_S: (number | null)[] = [60, 300, 900, null];
export const USUAL_RANGE_S = 300;
const MOST_TEXT = 511;

function decoded(piece: string): string {
  try {
    return decodeURIComponent(piece).slice(0, MOST_TEXT);
  } catch {
    return '';
  }
}

export function parseRoute(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?', 2);
  const given = new URLSearchParams(query);
  const number = (name: string): number | null => {
    const value = Number(given.get(name) ?? NaN);
    return Number.isFinite(value) ? value : null;
  };
  const from = number('from');
  const to = number('to');
  const zoomed = from !== null && to !== null && from < to;
  const range = given.get('range');
  const range_s = number('range');
  return {
    path: path
      .split('/')
      .filter((piece) => piece !== '')
      .map(decoded),
    range_s:
      range === 'all'
        ? null
        : RANGES_S.includes(range_s) && range_s !== null
          ? range_s
          : USUAL_RANGE_S,
    from: zoomed ? from : null,
    to: zoomed ? to : null,
    cut: (given.get('cut') ?? '').slice(0, MOST_TEXT),
    filter: (given.get('filter') ?? '').slice(0, MOST_TEXT),
    sort: (given.get('sort') ?? '').slice(0, MOST_TEXT),
  };
}

export function routeText(route: Route): string {
  const query = new URLSearchParams();
  if (route.range_s !== USUAL_RANGE_S)
    query.set('range', route.range_s === null ? 'all' : String(route.range_s));
  if (route.from !== null && route.to !== null) {
    query.set('from', route.from.toFixed(1));
    query.set('to', route.to.toFixed(1));
  }
  if (route.cut !== '') query.set('cut', route.cut);
  if (route.filter !== '') query.set('filter', route.filter);
  if (route.sort !== '') query.set('sort', route.sort);
  const text = query.toString();
  return `#/${route.path.map(encodeURIComponent).join('/')}${text === '' ? '' : `?${text}`}`;
}

// Another place, at the same times.
export function placeText(route: Route, ...path: string[]): string {
  return routeText({ ...route, path, cut: '', filter: '', sort: '' });
}
