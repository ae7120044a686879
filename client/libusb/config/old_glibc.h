/* Symbols that glibc 2.34 moved from libpthread into libc have a new version there, and the old
 * ones, too. With the old ones the libraries load on systems older than the one that built them.
 * Included before all else, by the compiler's command line. */
#define _GNU_SOURCE 1
#include <features.h>

#ifdef __GLIBC__
#ifdef __x86_64__
#define NET2USB_BASE "GLIBC_2.2.5"
#define NET2USB_SETCLOCK "GLIBC_2.3.3"
#elif defined(__aarch64__)
#define NET2USB_BASE "GLIBC_2.17"
#define NET2USB_SETCLOCK "GLIBC_2.17"
#elif defined(__arm__)
#define NET2USB_BASE "GLIBC_2.4"
#define NET2USB_SETCLOCK "GLIBC_2.4"
#endif
#ifdef NET2USB_BASE
/* of glibc 2.38, which reads 0b11 as a number: stdlib.h names these for _GNU_SOURCE */
__asm__(".symver __isoc23_strtol,strtol@" NET2USB_BASE);
__asm__(".symver __isoc23_strtoul,strtoul@" NET2USB_BASE);
__asm__(".symver pthread_condattr_setclock,pthread_condattr_setclock@" NET2USB_SETCLOCK);
__asm__(".symver pthread_create,pthread_create@" NET2USB_BASE);
__asm__(".symver pthread_getspecific,pthread_getspecific@" NET2USB_BASE);
__asm__(".symver pthread_key_create,pthread_key_create@" NET2USB_BASE);
__asm__(".symver pthread_key_delete,pthread_key_delete@" NET2USB_BASE);
__asm__(".symver pthread_mutex_trylock,pthread_mutex_trylock@" NET2USB_BASE);
__asm__(".symver pthread_sigmask,pthread_sigmask@" NET2USB_BASE);
__asm__(".symver pthread_setspecific,pthread_setspecific@" NET2USB_BASE);
#endif
#endif
