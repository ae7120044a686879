/* Looks for the built-in mouse by hidapi, by whichever of its libraries it is linked to. */
#include <stdio.h>
#include <wchar.h>

typedef struct hid_device hid_device;

int hid_init(void);
int hid_exit(void);
hid_device *hid_open(unsigned short vendor, unsigned short product, const wchar_t *serial);
void hid_close(hid_device *device);

int main(void)
{
    if (hid_init() != 0)
        return 1;
    hid_device *mouse = hid_open(0x1209, 6, NULL);
    printf("mouse: %s\n", mouse ? "found" : "none");
    if (mouse)
        hid_close(mouse);
    return hid_exit();
}
