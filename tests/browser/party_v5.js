// SPDX-License-Identifier: MIT
// A page with the v5 SDK as a party, under the names of the v4 SDK: see parties.mjs and party_v4.js.
'use strict';

const party = (() => {
	const views = new Map(); // "user/type": {box, eyes}
	const there = new Map(); // user: {audio, video, auxiliary}
	const V5_TYPE = { main: 'main', auxiliary: 'sub' };
	let trtc = null, options = null;

	const tell = (event, fields = {}) => console.info(`@event ${JSON.stringify({ event, ...fields })}`);
	const text = error => error?.code !== undefined ? `${error.name} ${error.code}/${error.extraCode ?? ''}: ${error.message}` : String(error);
	const plain = promise => Promise.resolve(promise).catch(error => { throw new Error(text(error)); });
	const figures = (userId, type) => () => views.get(`${userId}/${type}`)?.eyes.figures;
	const has = userId => there.get(userId) ?? there.set(userId, { audio: false, video: false, auxiliary: false }).get(userId);

	/** The element and the eyes; sound without a picture has them, too. */
	function place(userId, type) {
		const key = `${userId}/${type}`;
		if (!views.has(key)) {
			const box = document.createElement('div');
			box.className = 'player';
			box.id = `view-${userId}-${type}`;
			document.body.append(box);
			views.set(key, { box, eyes: eyes.watch(() => box.querySelector('video'), () => trtc?.getAudioTrack(userId) ?? null) });
		}
		return views.get(key);
	}

	function drop(userId, type) {
		const view = views.get(`${userId}/${type}`);
		view?.eyes.stop();
		view?.box.remove();
		views.delete(`${userId}/${type}`);
	}

	async function show(userId, type) {
		const streamType = V5_TYPE[type];
		await trtc.startRemoteVideo({ userId, streamType, view: place(userId, type).box.id });
		tell('stream-subscribed', { userId, streamType: type });
	}

	/** Something of a user came or went; streams are made of that. */
	function changed(userId, what, on) {
		const type = what === 'auxiliary' ? 'auxiliary' : 'main', own = has(userId);
		const before = type === 'auxiliary' ? own.auxiliary : own.audio || own.video;
		own[what] = on;
		const now = type === 'auxiliary' ? own.auxiliary : own.audio || own.video;
		if (type === 'main')
			tell(`${on ? 'unmute' : 'mute'}-${what}`, { userId });
		if (now && !before) {
			place(userId, type);
			tell('stream-added', { userId, streamType: type });
		} else if (!now && before) {
			tell('stream-removed', { userId, streamType: type });
		}
		if (what !== 'audio' && on && options.subscribe !== false)
			show(userId, type).catch(error => tell('error', { message: `startRemoteVideo: ${text(error)}` }));
	}

	function listen() {
		const E = TRTC.EVENT;
		trtc.on(E.ERROR, error => tell('error', { message: text(error) }));
		trtc.on(E.KICKED_OUT, ({ reason }) => tell('client-banned', { reason }));
		trtc.on(E.REMOTE_USER_ENTER, ({ userId }) => tell('peer-join', { userId }));
		trtc.on(E.REMOTE_USER_EXIT, ({ userId }) => {
			tell('peer-leave', { userId });
			['main', 'auxiliary'].forEach(type => drop(userId, type));
		});
		trtc.on(E.REMOTE_AUDIO_AVAILABLE, ({ userId }) => changed(userId, 'audio', true));
		trtc.on(E.REMOTE_AUDIO_UNAVAILABLE, ({ userId }) => changed(userId, 'audio', false));
		trtc.on(E.REMOTE_VIDEO_AVAILABLE, ({ userId, streamType }) => changed(userId, streamType === 'main' ? 'video' : 'auxiliary', true));
		trtc.on(E.REMOTE_VIDEO_UNAVAILABLE, ({ userId, streamType }) => changed(userId, streamType === 'main' ? 'video' : 'auxiliary', false));
		trtc.on(E.CONNECTION_STATE_CHANGED, fields => tell('connection-state-changed', fields));
		trtc.on(E.NETWORK_QUALITY, fields => tell('network-quality', fields));
		trtc.on(E.CUSTOM_MESSAGE, ({ userId, cmdId, seq, data }) => tell('custom-message', { userId, cmdId, seq, text: new TextDecoder().decode(data) }));
	}

	const calls = {
		async enter(given) {
			options = given;
			const { sdkAppId, userId, userSig, roomId, websocketProxy, mode = 'live', role = 'anchor', privateMapKey } = given;
			trtc = TRTC.create({ enableSEI: given.sei === true, ...given.create });
			listen();
			await trtc.enterRoom({ sdkAppId, userId, userSig, ...(typeof roomId === 'string' ? { strRoomId: roomId } : { roomId }), scene: mode,
					       ...(mode === 'live' ? { role } : {}), ...(privateMapKey ? { privateMapKey } : {}),
					       proxy: { websocketProxy, loggerProxy: location.origin }, autoReceiveAudio: given.subscribe !== false, ...given.room });
			tell('joined', { userId });
		},
		async publish(type, { audio, video }) {
			if (video)
				await trtc.startLocalVideo({ option: { videoTrack: sources.picture(video),
								       profile: { width: video.width, height: video.height, frameRate: video.fps, bitrate: 300 } } });
			if (audio)
				await trtc.startLocalAudio({ option: { audioTrack: sources.sound(audio) } });
			tell('published', { streamType: type });
		},
		async unpublish() {
			await Promise.allSettled([trtc.stopLocalVideo(), trtc.stopLocalAudio()]);
			tell('unpublished', { streamType: 'main' });
		},
		mute: (kind, mute) => kind === 'audio' ? trtc.updateLocalAudio({ mute }) : trtc.updateLocalVideo({ mute }),
		async subscribe(userId, type, { audio = true, video = true } = {}) {
			await trtc.muteRemoteAudio(userId, !audio);
			await (video ? show(userId, type) : trtc.stopRemoteVideo({ userId, streamType: V5_TYPE[type] }));
		},
		async unsubscribe(userId, type) {
			await trtc.muteRemoteAudio(userId, true);
			await trtc.stopRemoteVideo({ userId, streamType: V5_TYPE[type] });
			tell('stream-unsubscribed', { userId, streamType: type });
		},
		async switchRole(role) {
			await trtc.switchRole(role);
			tell('role-switched', { role });
		},
		async leave() {
			await trtc.exitRoom();
			tell('left');
		},
		custom: (cmdId, words) => trtc.sendCustomMessage({ cmdId, data: new TextEncoder().encode(words).buffer }),
		figures: (userId, type) => ({ ...figures(userId, type)() }),
		sees: (userId, type, what) => eyes.sees(figures(userId, type), what),
		hears: (userId, what) => eyes.hears(figures(userId, 'main'), what),
		dark: (userId, type) => eyes.dark(figures(userId, type)),
		silent: userId => eyes.silent(figures(userId, 'main')),
		/** How many peer connections live. */
		connections: () => connections.filter(one => one.connectionState === 'connected').length,
	};
	return Object.fromEntries(Object.entries(calls).map(([name, call]) => [name, (...args) => plain((async () => call(...args))())]));
})();
