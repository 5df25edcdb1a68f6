// SPDX-License-Identifier: MIT
// A page with the v4 SDK as a party: parties.mjs calls it. Events go to the console as `@event {JSON}`.
'use strict';

const party = (() => {
	const streams = new Map(); // "user/type": {stream, box, eyes}
	const local = { main: null, auxiliary: null };
	let client = null, options = null;

	const tell = (event, fields = {}) => console.info(`@event ${JSON.stringify({ event, ...fields })}`);
	const text = error => error?.getCode ? `${error.name} 0x${error.getCode().toString(16)} ${error.getExtraCode?.() ?? ''}: ${error.message}` : String(error);
	/** What a call rejects with goes over to Node as a plain error. */
	const plain = promise => Promise.resolve(promise).catch(error => { throw new Error(text(error)); });
	const key = stream => `${stream.getUserId()}/${stream.getType()}`;
	const figures = (userId, type) => () => streams.get(`${userId}/${type}`)?.eyes?.figures;
	const describe = stream => ({
		userId: stream.getUserId(), streamType: stream.getType(), hasAudio: stream.hasAudio(), hasVideo: stream.hasVideo(),
	});

	/** As the agent tells it: text, or base64 of what is none. */
	function words(data) {
		const bytes = new Uint8Array(data.buffer ?? data), text = new TextDecoder('utf-8', { fatal: true });
		try {
			const found = text.decode(bytes);
			if (!found.includes('\0'))
				return { text: found };
		} catch { /* no text */ }
		return { base64: btoa(String.fromCharCode(...bytes)) };
	}

	function show(stream) {
		const entry = streams.get(key(stream));
		if (!entry || entry.eyes)
			return; // the SDK tells again when we ask for what it has subscribed by itself
		entry.box = document.createElement('div');
		entry.box.className = 'player';
		entry.box.id = `view-${key(stream).replace('/', '-')}`;
		document.body.append(entry.box);
		entry.eyes = eyes.watch(() => entry.box.querySelector('video'), () => stream.getAudioTrack() ?? null);
		stream.play(entry.box.id).then(() => tell('playing', describe(stream)),
					       error => entry.box.isConnected && tell('error', { message: `play: ${text(error)}` }));
	}

	function hide(stream) {
		const entry = streams.get(key(stream));
		entry?.eyes?.stop();
		entry?.box?.remove();
		streams.delete(key(stream));
	}

	function listen() {
		for (const event of ['peer-join', 'peer-leave', 'mute-audio', 'mute-video', 'unmute-audio', 'unmute-video'])
			client.on(event, ({ userId }) => tell(event, { userId }));
		for (const event of ['connection-state-changed', 'network-quality'])
			client.on(event, fields => tell(event, fields));
		client.on('audio-volume', ({ result }) =>
			result.forEach(({ userId, audioVolume }) => tell('audio-volume', { userId, volume: audioVolume })));
		client.on('error', error => tell('error', { message: text(error) }));
		client.on('client-banned', ({ reason }) => tell('client-banned', { reason }));
		client.on('sei-message', ({ userId, data, seiPayloadType, isFromAuxiliary }) =>
			tell('message', { userId, ...words(data), seiPayloadType, isFromAuxiliary }));
		client.on('stream-added', ({ stream }) => {
			streams.set(key(stream), { stream });
			tell('stream-added', describe(stream));
			if (options.subscribe !== false)
				client.subscribe(stream).catch(error => tell('subscribe-failed', { ...describe(stream), message: text(error) }));
		});
		client.on('stream-subscribed', ({ stream }) => {
			tell('stream-subscribed', describe(stream));
			show(stream);
		});
		client.on('stream-updated', ({ stream }) => tell('stream-updated', describe(stream)));
		client.on('stream-removed', ({ stream }) => {
			tell('stream-removed', describe(stream));
			hide(stream);
		});
	}

	/** A local stream of the fake devices (camera: true), or of our own tracks. */
	async function capture(type, { audio, video, camera = false }) {
		const userId = options.userId;
		const stream = camera ? TRTC.createStream({ userId, audio: Boolean(audio), video: Boolean(video) })
				      : TRTC.createStream({ userId, ...(audio ? { audioSource: sources.sound(audio) } : {}),
							    ...(video ? { videoSource: sources.picture(video) } : {}) });
		if (video)
			stream.setVideoProfile({ width: video.width ?? 320, height: video.height ?? 240, frameRate: video.fps ?? 15, bitrate: 300 });
		await stream.initialize();
		local[type] = stream;
		return stream;
	}

	const calls = {
		/** createClient, handlers, join. */
		async enter(given) {
			options = given;
			const { sdkAppId, userId, userSig, roomId, websocketProxy, mode = 'live', role, privateMapKey, small } = given;
			TRTC.Logger.disableUploadLog();
			client = TRTC.createClient({ mode, sdkAppId, userId, userSig, useStringRoomId: typeof roomId === 'string',
						     autoSubscribe: given.subscribe !== false, enableSEI: given.sei === true });
			client.setProxyServer(given.proxy ?? { websocketProxy, loggerProxy: location.origin });
			listen();
			if (small) {
				await client.enableSmallStream();
				if (small !== true)
					client.setSmallStreamProfile(small);
			}
			if (given.volume)
				client.enableAudioVolumeEvaluation(200);
			await client.join({ roomId, ...(role ? { role } : {}), ...(privateMapKey ? { privateMapKey } : {}) });
			tell('joined', { userId });
		},
		async publish(type, spec) {
			await client.publish(await capture(type, spec), { isAuxiliary: type === 'auxiliary' });
			tell('published', { streamType: type });
		},
		async unpublish(type) {
			await client.unpublish(local[type]);
			local[type].close();
			local[type] = null;
			tell('unpublished', { streamType: type });
		},
		mute: (kind, muted) => local.main[`${muted ? 'mute' : 'unmute'}${kind === 'audio' ? 'Audio' : 'Video'}`](),
		addTrack: (kind, spec) => local.main.addTrack(sources.make(kind, spec)),
		removeTrack: kind => local.main.removeTrack(kind === 'audio' ? local.main.getAudioTrack() : local.main.getVideoTrack()),
		replaceTrack: (kind, spec) => local.main.replaceTrack(sources.make(kind, spec)),
		subscribe: (userId, type, wishes) => client.subscribe(streams.get(`${userId}/${type}`).stream, wishes),
		async unsubscribe(userId, type) {
			const { stream } = streams.get(`${userId}/${type}`);
			await client.unsubscribe(stream);
			stream.stop();
			hide(stream);
			streams.set(key(stream), { stream }); // still published
			tell('stream-unsubscribed', describe(stream));
		},
		setRemoteVideoStreamType: (userId, type) => client.setRemoteVideoStreamType(streams.get(`${userId}/main`).stream, type),
		async switchRole(role) {
			await client.switchRole(role);
			tell('role-switched', { role });
		},
		/** The ticket of the next change of role. */
		updatePrivateMapKey: privateMapKey => client.callExperimentalAPI('updatePrivateMapKey', { privateMapKey }),
		async leave() {
			await client.leave();
			Object.values(local).forEach(stream => stream?.close());
			tell('left');
		},
		/** @p message: a text, or a list of bytes. */
		sendMessage: (message, seiPayloadType) => client.sendSEIMessage(
			(typeof message === 'string' ? new TextEncoder().encode(message) : new Uint8Array(message)).buffer, ...(seiPayloadType ? [{ seiPayloadType }] : [])),
		mutedState: () => client.getRemoteMutedState(),
		stats: async () => ({
			transport: await client.getTransportStats(),
			localAudio: await client.getLocalAudioStats(), localVideo: await client.getLocalVideoStats(),
			remoteAudio: await client.getRemoteAudioStats(), remoteVideo: await client.getRemoteVideoStats('main'),
		}),
		figures: (userId, type) => ({ ...figures(userId, type)() }),
		audioLevel: (userId, type) => streams.get(`${userId}/${type}`).stream.getAudioLevel(),
		sees: (userId, type, what) => eyes.sees(figures(userId, type), what),
		hears: (userId, what) => eyes.hears(figures(userId, 'main'), what),
		dark: (userId, type) => eyes.dark(figures(userId, type)),
		silent: userId => eyes.silent(figures(userId, 'main')),
		/** "H264", "VP8": what comes in and is decoded, on each connection that has video. */
		async receivedVideoCodecs() {
			const codecs = [];
			for (const connection of connections)
				for (const report of (await connection.getStats()).values())
					if (report.type === 'inbound-rtp' && report.kind === 'video' && report.framesDecoded > 0)
						codecs.push((await connection.getStats()).get(report.codecId)?.mimeType.split('/')[1]);
			return codecs;
		},
		/** Closes the signalling socket under the SDK. */
		cutSocket: () => sockets.filter(socket => socket.readyState === 1 && socket.url.includes('sdkAppId')).map(socket => socket.close(4321)).length,
	};
	return Object.fromEntries(Object.entries(calls).map(([name, call]) => [name, (...args) => plain((async () => call(...args))())]));
})();
