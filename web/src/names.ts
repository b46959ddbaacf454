// The only names of classes and properties in the page: those that say whether a session is
// protected and what a session and an SA are. Counters are known from the classes alone.

export const COUNTERS = 'MSiSCSI_QMIPSECStats'; // one instance an adapter; what the overview shows
export const SESSION = 'Quickmode_Session';
export const DISK = 'Quickmode_SessionDisk';
export const SESSION_SA = 'Quickmode_SessionSA';
export const SA = 'Quickmode_SA';
export const ADAPTER = 'Quickmode_Adapter';
export const HEALTH = 'Quickmode_CollectorHealth';

// What the page asks for by name, where it is there; and what it asks first: serve puts the answer
// into the document, by what the build says there.
export const NEEDED = [COUNTERS, SESSION, DISK, SESSION_SA, SA, ADAPTER, HEALTH];
export const START_RANGE_S = 300;
export const START = `/api/v1/start?seconds=${START_RANGE_S}&integers=text&${NEEDED.map(
  (name) => `class=${name}`,
).join('&')}`;

export const SPI = 'Spi'; // written in hex where people compare it with `ip xfrm state`

// A verdict from a sample older than this says nothing about now, as `quickmode audit` has it.
export const MOST_VERDICT_AGE_MS = 60_000;
