#include "usb_library.h"

void usb_library_describe(char text[static USB_LIBRARY_TEXT_MAX])
{
    text[0] = '\0'; /* devices are published here */
}
