// What a view shows, as a file. Pure but for download(). Integers stay exact: text in JSON.

export interface Sheet {
  name: string; // of the file, without its ending
  header: string[];
  rows: (string | bigint | number | boolean | null)[][];
}

// A cell that a spreadsheet would take for a formula gets a ' before it (OWASP, CSV injection).
function csvCell(value: Sheet['rows'][number][number]): string {
  if (value === null) return '';
  if (typeof value !== 'string') return String(value);
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
}

export function csvOf(sheet: Sheet): string {
  const lines = [sheet.header, ...sheet.rows].map((row) => row.map(csvCell).join(','));
  return `${lines.join('\r\n')}\r\n`;
}

export function jsonOf(sheet: Sheet): string {
  const rows = sheet.rows.map((row) =>
    Object.fromEntries(
      row.map((value, at) => [
        sheet.header[at] ?? '',
        typeof value === 'bigint' ? String(value) : value,
      ]),
    ),
  );
  return `${JSON.stringify(rows, null, 1)}\n`;
}

export function download(sheet: Sheet, form: 'csv' | 'json'): void {
  const type = form === 'csv' ? 'text/csv' : 'application/json';
  const blob = new Blob([form === 'csv' ? csvOf(sheet) : jsonOf(sheet)], { type });
  const url = URL.createObjectURL(blob);
  const anchor = document.createElement('a');
  anchor.href = url;
  anchor.download = `${sheet.name.replace(/[^\w.-]+/g, '_').slice(0, 100)}.${form}`;
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
