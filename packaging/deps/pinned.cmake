# The pinned third-party releases: taken from a folder beside the checkout when they are there, else
# downloaded from upstream, by hash either way.
#
#   pinned_source(NAME DIR)    NAME: libtelnet, libserialport, libevent or libusb
#
# leaves in the variable DIR the folder of the unpacked sources, or NOTFOUND. -DPINNED_NAME_SOURCES=
# names a folder to take instead, for those who have changed a library.
include_guard()

set(COM2NET_THIRD_PARTY ${CMAKE_SOURCE_DIR}/../shared/third_party CACHE PATH
    "Folder with the pinned third-party tarballs, if they are not to be downloaded")

set(PINNED_libtelnet_FILE libtelnet-0.23.tar.gz)
set(PINNED_libtelnet_URL
    https://github.com/seanmiddleditch/libtelnet/releases/download/0.23/libtelnet-0.23.tar.gz)
set(PINNED_libtelnet_SHA256 ef510d32f9131433cc4c8b6789e40087d515a187e55f8fdcd72a975c66d3a90b)

set(PINNED_libserialport_FILE libserialport-0.1.2.tar.gz)
set(PINNED_libserialport_URL
    https://sigrok.org/download/source/libserialport/libserialport-0.1.2.tar.gz)
set(PINNED_libserialport_SHA256 5deb92b5ca72c0347b07b786848350deca2dcfd975ce613b8e0e1d947a4b4ca9)

set(PINNED_libevent_FILE libevent-2.1.13-stable.tar.gz)
set(PINNED_libevent_URL
    https://github.com/libevent/libevent/releases/download/release-2.1.13-stable/libevent-2.1.13-stable.tar.gz)
set(PINNED_libevent_SHA256 f7e9383b8c0baa81b687e5b5eecc01beefaf1b19b64151d95ed61647fe7a315c)

set(PINNED_libusb_FILE libusb-1.0.28.tar.bz2)
set(PINNED_libusb_URL
    https://github.com/libusb/libusb/releases/download/v1.0.28/libusb-1.0.28.tar.bz2)
set(PINNED_libusb_SHA256 966bb0d231f94a474eaae2e67da5ec844d3527a1f386456394ff432580634b29)

function(pinned_source name dir)
    set(file ${PINNED_${name}_FILE})
    set(tarball ${CMAKE_BINARY_DIR}/third_party/${file})
    set(sources ${CMAKE_BINARY_DIR}/third_party/${name})
    set(${dir} NOTFOUND PARENT_SCOPE)
    if(PINNED_${name}_SOURCES)
        set(${dir} ${PINNED_${name}_SOURCES} PARENT_SCOPE)
        return()
    endif()

    foreach(from file://${COM2NET_THIRD_PARTY}/${file} ${PINNED_${name}_URL})
        if(EXISTS ${tarball})
            break()
        endif()
        file(DOWNLOAD ${from} ${tarball}.part STATUS status TIMEOUT 120)
        list(GET status 0 failed)
        if(NOT failed)
            file(RENAME ${tarball}.part ${tarball})
        endif()
    endforeach()
    if(NOT EXISTS ${tarball})
        message(WARNING "${file} is neither in ${COM2NET_THIRD_PARTY} nor to be had from upstream")
        return()
    endif()
    file(SHA256 ${tarball} hash)
    if(NOT hash STREQUAL PINNED_${name}_SHA256)
        file(REMOVE ${tarball})
        message(FATAL_ERROR "${file} is not the release that is pinned: its SHA-256 is ${hash}")
    endif()
    if(NOT EXISTS ${sources})
        file(ARCHIVE_EXTRACT INPUT ${tarball} DESTINATION ${sources}.part)
        file(GLOB unpacked ${sources}.part/*)
        file(RENAME ${unpacked} ${sources})
        file(REMOVE_RECURSE ${sources}.part)
    endif()
    set(${dir} ${sources} PARENT_SCOPE)
endfunction()
