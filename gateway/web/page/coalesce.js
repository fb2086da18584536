// Many events, one refresh.

/**
 * A function that runs work soon; calls meanwhile lead to one more run, never
 * to two at a time. It answers a promise of the run that covers the call.
 */
export function coalesce(work) {
	let running = null;
	let next = null;

	async function run() {
		await null;
		running = next;
		next = null;
		try {
			await work();
		} finally {
			running = null;
		}
	}

	return () => {
		next ??= (running ?? Promise.resolve()).catch(() => {}).then(run);
		return next;
	};
}
