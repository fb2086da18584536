// Times as one says them, in the reader's language and zone.

const format = (options) => new Intl.DateTimeFormat(undefined, options);
const clock = format({ hour: 'numeric', minute: '2-digit' });
const weekday = format({ weekday: 'short' });
const shortDate = format({ day: 'numeric', month: 'short' });
const longDate = format({ weekday: 'long', day: 'numeric', month: 'long' });
const longDateYear = format({ day: 'numeric', month: 'long', year: 'numeric' });
const full = format({ dateStyle: 'full', timeStyle: 'medium' });

/** Days between two moments as the calendar counts them. */
function daysBetween(date, now) {
	const midnight = (moment) => new Date(moment.getFullYear(), moment.getMonth(), moment.getDate());

	return Math.round((midnight(now) - midnight(date)) / 86400000);
}

/** 14:05 */
export function timeOf(date) {
	return clock.format(date);
}

/** For tooltips: all of it. */
export function fullTimeOf(date) {
	return full.format(date);
}

/** A key that changes at midnight. */
export function dayKey(date) {
	return `${date.getFullYear()}-${date.getMonth() + 1}-${date.getDate()}`;
}

/** Today, Yesterday, Monday 3 March, 3 March 2025 */
export function dayName(date, now = new Date()) {
	const days = daysBetween(date, now);

	if (days === 0)
		return 'Today';
	if (days === 1)
		return 'Yesterday';
	return (date.getFullYear() === now.getFullYear() ? longDate : longDateYear).format(date);
}

/** For a list: the time today, the weekday this week, else the date. */
export function shortTimeOf(date, now = new Date()) {
	const days = daysBetween(date, now);

	if (days <= 0)
		return clock.format(date);
	if (days === 1)
		return 'Yesterday';
	return (days < 7 ? weekday : shortDate).format(date);
}
