// SPDX-License-Identifier: MIT
// A page with the v5 SDK as a party: parties.mjs calls it. Events go to the console as `@event {JSON}`, under the names of v4
// where they mean the same. v5 knows no streams: one is added here when something of it is available for the first time, and
// what is muted and what is not published looks the same.
'use strict';

const party = (() => {
	const SUB = { main: 'main', auxiliary: 'sub' };
	const streams = new Map(); // "user/type": {box, eyes}
	let trtc = null, options = null;

	const tell = (event, fields = {}) => console.info(`@event ${JSON.stringify({ event, ...fields })}`);
	const text = error => error?.code !== undefined ? `${error.name} ${error.code}/${error.extraCode ?? ''}: ${error.message}` : String(error);
	/** What a call rejects with goes over to Node as a plain error. */
	const plain = promise => Promise.resolve(promise).catch(error => { throw new Error(text(error)); });
	const figures = (userId, type) => () => streams.get(`${userId}/${type}`)?.eyes?.figures;
	const profileOf = video => ({ width: video.width ?? 320, height: video.height ?? 240, frameRate: video.fps ?? 15, bitrate: 300 });

	/** The stream's entry, made and told of when it is new. */
	function stream(userId, streamType) {
		const key = `${userId}/${streamType}`;
		if (!streams.has(key)) {
			const box = document.createElement('div');
			box.className = 'player';
			box.id = `view-${userId}-${streamType}`;
			document.body.append(box);
			streams.set(key, { box, eyes: eyes.watch(() => box.querySelector('video'),
								 () => streamType === 'main' ? trtc.getAudioTrack(userId) ?? null : null) });
			tell('stream-added', { userId, streamType });
		}
		return streams.get(key);
	}

	function forget(userId) {
		for (const [key, entry] of streams)
			if (key.startsWith(`${userId}/`)) {
				entry.eyes.stop();
				entry.box.remove();
				streams.delete(key);
				tell('stream-removed', { userId, streamType: key.split('/')[1] });
			}
	}

	async function show(userId, streamType) {
		const { box } = stream(userId, streamType);
		await trtc.startRemoteVideo({ userId, streamType: SUB[streamType], view: box.id }).catch(error => {
			if (!/already started/.test(error.message))
				throw error;
		});
		tell('stream-subscribed', { userId, streamType });
	}

	function listen() {
		const E = TRTC.EVENT;
		trtc.on(E.ERROR, error => tell('error', { message: text(error) }));
		trtc.on(E.KICKED_OUT, ({ reason }) => tell('client-banned', { reason }));
		trtc.on(E.REMOTE_USER_ENTER, ({ userId }) => tell('peer-join', { userId }));
		trtc.on(E.REMOTE_USER_EXIT, ({ userId }) => {
			forget(userId);
			tell('peer-leave', { userId });
		});
		trtc.on(E.REMOTE_AUDIO_AVAILABLE, ({ userId }) => {
			stream(userId, 'main');
			tell('unmute-audio', { userId });
		});
		trtc.on(E.REMOTE_AUDIO_UNAVAILABLE, ({ userId }) => tell('mute-audio', { userId }));
		trtc.on(E.REMOTE_VIDEO_AVAILABLE, ({ userId, streamType }) => {
			const type = streamType === 'sub' ? 'auxiliary' : 'main';
			stream(userId, type);
			if (type === 'main')
				tell('unmute-video', { userId });
			if (options.subscribe !== false) // gone again before it was there: no error
				show(userId, type).catch(error => error.code === 5998 || tell('subscribe-failed', { userId, streamType: type, message: text(error) }));
		});
		trtc.on(E.REMOTE_VIDEO_UNAVAILABLE, ({ userId, streamType }) =>
			tell(streamType === 'sub' ? 'auxiliary-gone' : 'mute-video', { userId }));
		trtc.on(E.CONNECTION_STATE_CHANGED, fields => tell('connection-state-changed', fields));
		trtc.on(E.CUSTOM_MESSAGE, ({ userId, cmdId, seq, data }) => tell('custom-message', { userId, cmdId, seq, text: new TextDecoder().decode(data) }));
	}

	async function start(type, { audio, video, camera = false }) {
		if (video && type === 'auxiliary')
			await trtc.startScreenShare({ option: { videoTrack: sources.picture(video), profile: profileOf(video) } });
		else if (video)
			await trtc.startLocalVideo({ option: { ...(camera ? {} : { videoTrack: sources.picture(video) }), profile: profileOf(video) } });
		if (audio)
			await trtc.startLocalAudio({ option: camera ? {} : { audioTrack: sources.sound(audio) } });
	}

	const calls = {
		/** create and enterRoom. @p create: more for the first, mode "rtc" or "live". */
		async enter(given) {
			options = given;
			const { sdkAppId, userId, userSig, roomId, websocketProxy, mode = 'live', role, privateMapKey, create = {} } = given;
			trtc = TRTC.create(create);
			listen();
			await trtc.enterRoom({ sdkAppId, userId, userSig, ...(typeof roomId === 'string' ? { strRoomId: roomId } : { roomId }), scene: mode,
					       ...(role ? { role } : {}), ...(privateMapKey ? { privateMapKey } : {}), autoReceiveAudio: given.subscribe !== false,
					       proxy: { websocketProxy, loggerProxy: location.origin } });
			tell('joined', { userId });
		},
		async publish(type, spec) {
			// An anchor again? Then the SDK has put it on air by itself.
			if (type === 'auxiliary' || !(trtc.getVideoTrack() || trtc.getAudioTrack()))
				await start(type, spec);
			tell('published', { streamType: type });
		},
		async unpublish(type) {
			if (type === 'auxiliary') {
				await trtc.stopScreenShare();
			} else {
				await trtc.stopLocalVideo();
				await trtc.stopLocalAudio();
			}
			tell('unpublished', { streamType: type });
		},
		mute: (kind, mute) => kind === 'audio' ? trtc.updateLocalAudio({ mute }) : trtc.updateLocalVideo({ mute }),
		addTrack: (kind, spec) => start('main', { [kind]: spec }),
		removeTrack: kind => kind === 'audio' ? trtc.stopLocalAudio() : trtc.stopLocalVideo(),
		replaceTrack: (kind, spec) => kind === 'audio' ? trtc.updateLocalAudio({ option: { audioTrack: sources.sound(spec) } })
							       : trtc.updateLocalVideo({ option: { videoTrack: sources.picture(spec) } }),
		async subscribe(userId, type, { audio = true, video = true } = {}) {
			if (type === 'main')
				await trtc.muteRemoteAudio(userId, !audio);
			if (video)
				return show(userId, type);
			await trtc.stopRemoteVideo({ userId, streamType: SUB[type] });
			tell('stream-subscribed', { userId, streamType: type });
		},
		async unsubscribe(userId, type) {
			await trtc.stopRemoteVideo({ userId, streamType: SUB[type] });
			if (type === 'main')
				await trtc.muteRemoteAudio(userId, true);
			tell('stream-unsubscribed', { userId, streamType: type });
		},
		async switchRole(role) {
			await trtc.switchRole(role);
			tell('role-switched', { role });
		},
		async leave() {
			await trtc.exitRoom();
			for (const stop of ['stopLocalVideo', 'stopLocalAudio', 'stopScreenShare'])
				await trtc[stop]().catch(() => {});
			tell('left');
		},
		sendCustom: (cmdId, words) => trtc.sendCustomMessage({ cmdId, data: new TextEncoder().encode(words).buffer }),
		figures: (userId, type) => ({ ...figures(userId, type)() }),
		sees: (userId, type, what) => eyes.sees(figures(userId, type), what),
		hears: (userId, what) => eyes.hears(figures(userId, 'main'), what),
		dark: (userId, type) => eyes.dark(figures(userId, type)),
		silent: userId => eyes.silent(figures(userId, 'main')),
		/** How many peer connections live. */
		connected: () => connections.filter(one => one.connectionState === 'connected').length,
		/** Packets of pictures that were sent again, by us and to us. */
		async repairs() {
			const sum = { sent: 0, received: 0 };
			for (const connection of connections)
				for (const report of (await connection.getStats()).values()) {
					sum.sent += report.retransmittedPacketsSent ?? 0;
					sum.received += report.retransmittedPacketsReceived ?? 0;
				}
			return sum;
		},
		/** Closes the signalling socket under the SDK. */
		cutSocket: () => sockets.filter(socket => socket.readyState === 1 && socket.url.includes('sdkAppId')).map(socket => socket.close(4321)).length,
		/** Makes the SDK believe that its media connection has failed. */
		breakMedia: () => connections.filter(one => one.connectionState === 'connected').at(-1)
			.onconnectionstatechange({ target: { connectionState: 'failed' } }),
	};
	return Object.fromEntries(Object.entries(calls).map(([name, call]) => [name, (...args) => plain((async () => call(...args))())]));
})();
