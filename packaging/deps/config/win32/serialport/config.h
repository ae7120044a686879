/* libserialport 0.1.2 as one static library on Windows: what its configure would say. */
#define SP_API
#define SP_PRIV
#define SP_PACKAGE_VERSION_MAJOR 0
#define SP_PACKAGE_VERSION_MINOR 1
#define SP_PACKAGE_VERSION_MICRO 2
#define SP_PACKAGE_VERSION_STRING "0.1.2"
#define SP_LIB_VERSION_CURRENT 1
#define SP_LIB_VERSION_REVISION 1
#define SP_LIB_VERSION_AGE 1
#define SP_LIB_VERSION_STRING "1:1:1"
