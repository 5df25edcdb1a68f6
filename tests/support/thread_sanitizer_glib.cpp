// SPDX-License-Identifier: MIT
// For the thread sanitizer only, preloaded: GLib's locks are futexes of its own that the sanitizer cannot see, so whatever
// two threads hand over under such a lock would look like a race. Each lock is passed on and told to the sanitizer.
#include <dlfcn.h>
#include <glib.h>

extern "C" {

// Weak: what a test starts may be a program without the sanitizer.
__attribute__((weak)) void __tsan_acquire(void *address);
__attribute__((weak)) void __tsan_release(void *address);

static void acquired(void *lock)
{
	if (__tsan_acquire)
		__tsan_acquire(lock);
}

static void releasing(void *lock)
{
	if (__tsan_release)
		__tsan_release(lock);
}

#define REAL(name) static const auto real = reinterpret_cast<decltype(&name)>(dlsym(RTLD_NEXT, #name))

#define LOCK(name, type)                                                                                               \
	void name(type *lock)                                                                                          \
	{                                                                                                              \
		REAL(name);                                                                                            \
		real(lock);                                                                                            \
		acquired(lock);                                                                                        \
	}
#define TRY(name, type)                                                                                                \
	gboolean name(type *lock)                                                                                      \
	{                                                                                                              \
		REAL(name);                                                                                            \
		const gboolean got = real(lock);                                                                       \
		if (got)                                                                                               \
			acquired(lock);                                                                                \
		return got;                                                                                            \
	}
#define UNLOCK(name, type)                                                                                             \
	void name(type *lock)                                                                                          \
	{                                                                                                              \
		REAL(name);                                                                                            \
		releasing(lock);                                                                                       \
		real(lock);                                                                                            \
	}

LOCK(g_mutex_lock, GMutex)
TRY(g_mutex_trylock, GMutex)
UNLOCK(g_mutex_unlock, GMutex)
LOCK(g_rec_mutex_lock, GRecMutex)
TRY(g_rec_mutex_trylock, GRecMutex)
UNLOCK(g_rec_mutex_unlock, GRecMutex)
LOCK(g_rw_lock_writer_lock, GRWLock)
TRY(g_rw_lock_writer_trylock, GRWLock)
UNLOCK(g_rw_lock_writer_unlock, GRWLock)
LOCK(g_rw_lock_reader_lock, GRWLock)
TRY(g_rw_lock_reader_trylock, GRWLock)
UNLOCK(g_rw_lock_reader_unlock, GRWLock)

// A wait gives the lock away and takes it again.
void g_cond_wait(GCond *cond, GMutex *mutex)
{
	REAL(g_cond_wait);
	releasing(mutex);
	real(cond, mutex);
	acquired(mutex);
}

gboolean g_cond_wait_until(GCond *cond, GMutex *mutex, gint64 end_time)
{
	REAL(g_cond_wait_until);
	releasing(mutex);
	const gboolean woken = real(cond, mutex, end_time);
	acquired(mutex);
	return woken;
}

// A library that goes away ends the sanitizer's run when a suppression names it; GIO closes its modules at will.
int dlclose(void *) { return 0; }

} // extern "C"
