/* libusb 1.0.28 on Windows with mingw-w64: what its configure would say. */
#define PLATFORM_WINDOWS 1
#define DEFAULT_VISIBILITY
#define ENABLE_LOGGING 1
#define PRINTF_FORMAT(a, b) __attribute__((format(gnu_printf, a, b)))
#define HAVE_STRUCT_TIMESPEC 1
#define HAVE_SYS_TIME_H 1
#define _GNU_SOURCE 1
#define __USE_MINGW_ANSI_STDIO 1
