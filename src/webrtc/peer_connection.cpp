// SPDX-License-Identifier: MIT
#include "webrtc/peer_connection.h"

#include "webrtc/webrtc_bin.h"

namespace trtc::webrtc {

namespace {

class WebrtcBinConnection final : public PeerConnection {
public:
	explicit WebrtcBinConnection(std::shared_ptr<WebrtcBin> rtc) : rtc_(std::move(rtc)) {}
	~WebrtcBinConnection() override { rtc_->close(); }
	void offer(const std::vector<OfferLine> &lines) override { rtc_->offer(lines); }
	void setAnswer(const std::string &sdp) override { rtc_->setAnswer(sdp); }
	void answer(const std::string &sdp, const std::vector<AnswerLine> &lines) override { rtc_->answer(sdp, lines); }
	void answerMore(const std::string &sdp, const std::vector<AnswerLine> &lines) override
	{
		rtc_->answer(sdp, lines);
	}
	void retune(std::size_t mLine, const AnswerLine &line) override { rtc_->retune(mLine, line); }
	void expectSsrc(std::uint32_t ssrc, std::size_t mLine, std::uint32_t repair) override
	{
		rtc_->expectSsrc(ssrc, mLine, repair);
	}
	void forgetSsrc(std::uint32_t ssrc) override { rtc_->forgetSsrc(ssrc); }
	std::shared_ptr<Sender> sender(std::size_t mLine) const override { return rtc_->sender(mLine); }
	bool connected() const noexcept override { return rtc_->connected(); }
	void close() override { rtc_->close(); }
	ReceiveStats receiveStats(std::size_t mLine) const override { return rtc_->receiveStats(mLine); }
	Stats stats() const override { return rtc_->stats(); }
	std::uint64_t arrivals() const override { return rtc_->arrivals(); }

private:
	std::shared_ptr<WebrtcBin> rtc_;
};

} // namespace

std::unique_ptr<PeerConnection> PeerConnection::create(MainLoop &loop, Config config, Listener &listener)
{
	auto rtc = std::make_shared<WebrtcBin>(loop, std::move(config), listener);
	rtc->build();
	return std::make_unique<WebrtcBinConnection>(std::move(rtc));
}

std::string localAddressFor(const std::string &host)
{
	const bool loopback = host == "localhost" || host.starts_with("127.") || host == "::1" || host == "[::1]" ||
			      host.starts_with("::ffff:127.");
	return loopback ? "127.0.0.1" : "";
}

} // namespace trtc::webrtc
