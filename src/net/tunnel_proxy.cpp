// SPDX-License-Identifier: MIT
#include "net/tunnel_proxy.h"

#include "glib/pointer.h"

#include <gio/gio.h>

/// GIO's own HTTP proxy under another name: it speaks CONNECT, whatever is behind.
struct TrtcTunnelProxy {
	GObject parent;
};
struct TrtcTunnelProxyClass {
	GObjectClass parent;
};

namespace {

using trtc::glib::ObjectPtr;

ObjectPtr<GProxy> http() { return ObjectPtr<GProxy>::adopt(g_proxy_get_default_for_protocol("http")); }

GIOStream *tunnelConnect(GProxy *, GIOStream *connection, GProxyAddress *address, GCancellable *cancellable,
			 GError **error)
{
	return g_proxy_connect(http().get(), connection, address, cancellable, error);
}

void tunnelConnected(GObject *source, GAsyncResult *result, gpointer data) noexcept
{
	const auto task = ObjectPtr<GTask>::adopt(G_TASK(data));
	GError *error = nullptr;
	if (auto *stream = g_proxy_connect_finish(G_PROXY(source), result, &error))
		g_task_return_pointer(task.get(), stream, g_object_unref);
	else
		g_task_return_error(task.get(), error);
}

void tunnelConnectAsync(GProxy *proxy, GIOStream *connection, GProxyAddress *address, GCancellable *cancellable,
			GAsyncReadyCallback callback, gpointer data)
{
	g_proxy_connect_async(http().get(), connection, address, cancellable, tunnelConnected,
			      g_task_new(proxy, cancellable, callback, data));
}

GIOStream *tunnelConnectFinish(GProxy *, GAsyncResult *result, GError **error)
{
	return static_cast<GIOStream *>(g_task_propagate_pointer(G_TASK(result), error));
}

gboolean tunnelTakesNames(GProxy *) { return TRUE; }

void tunnelInterface(gpointer iface, gpointer) noexcept
{
	auto &proxy = *static_cast<GProxyInterface *>(iface);
	proxy.connect = tunnelConnect;
	proxy.connect_async = tunnelConnectAsync;
	proxy.connect_finish = tunnelConnectFinish;
	proxy.supports_hostname = tunnelTakesNames;
}

} // namespace

namespace trtc::net {

void registerTunnelProxy()
{
	static gsize done = 0;
	if (!g_once_init_enter(&done))
		return;
	// Makes sure that the extension point is there.
	g_object_unref(g_proxy_get_default_for_protocol("http"));
	const auto type = g_type_register_static_simple(G_TYPE_OBJECT, "TrtcTunnelProxy", sizeof(TrtcTunnelProxyClass),
							nullptr, sizeof(TrtcTunnelProxy), nullptr, GTypeFlags {});
	const GInterfaceInfo interface {
		tunnelInterface, nullptr, nullptr
	};
	g_type_add_interface_static(type, G_TYPE_PROXY, &interface);
	g_io_extension_point_implement(G_PROXY_EXTENSION_POINT_NAME, type, kTunnelScheme, 0);
	g_once_init_leave(&done, 1);
}

} // namespace trtc::net
